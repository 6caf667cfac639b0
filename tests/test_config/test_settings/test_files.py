"""``ann_files``, ``image_dirs``, ``batch_size`` and ``lr``."""
import pytest

from fcos_mm.errors import UserError


def files(cfg):
    loaders = [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]
    return ([dataset.ann_file for dataset in loaders],
            [dataset.data_prefix.img for dataset in loaders],
            [cfg.val_evaluator.ann_file, cfg.test_evaluator.ann_file])


@pytest.mark.parametrize('base', ['coco', 'demo', 'small', 'retinanet'])
def test_with_and_without_a_test_split(load, base):
    text = ("data_root = '/cells/'\nimage_dirs = 'images/'\n"
            "ann_files = dict(train='a.json', val='b.json'{})")
    assert files(load(base, text.format(''))) == (
        ['a.json', 'b.json', 'b.json'], ['images/'] * 3, ['/cells/b.json'] * 2)
    assert files(load(base, text.format(", test='/c.json'"))) == (
        ['a.json', 'b.json', '/c.json'], ['images/'] * 3, ['/cells/b.json', '/c.json'])


def test_a_config_that_tests_nothing(load):
    cfg = load('demo', 'test_dataloader = None\ntest_cfg = None\ntest_evaluator = None\n'
               "ann_files = dict(train='a.json', val='b.json')\nimage_dirs = dict(val='v/')")
    assert cfg.val_dataloader.dataset.ann_file == 'b.json' and cfg.test_dataloader is None


def test_folders_of_splits_and_options(load):
    text = "image_dirs = dict(train='t/', val='v/')\nann_files = dict(train='a.json')"
    cfg = load('demo', text, 'ann_files.val=b.json', 'data_root=x')
    assert files(cfg) == (['a.json', 'b.json', 'b.json'], ['t/', 'v/', 'v/'], ['x/b.json'] * 2)
    assert cfg.ann_files == dict(train='a.json', val='b.json')


@pytest.mark.parametrize('base, text, said', [
    ('demo', "ann_files = dict(trian='a.json')", 'ann_files=.*a path for each split'),
    ('demo', "ann_files = 'a.json'", 'a path for each split'),
    ('demo', 'image_dirs = dict(train=3)', 'image_dirs=.*a path for each split'),
    ('demo', "ann_files = dict(train='a.json')\ntrain_dataloader = dict(dataset=dict(_delete_=True,"
     "type='ConcatDataset', datasets=[dict(pipeline=[]), dict(pipeline=[])]))",
     'train_dataloader has 2 datasets'),
    ('demo', "ann_files = dict(val='a.json')\nval_dataloader = None\nval_cfg = None\n"
     'val_evaluator = None', 'val_dataloader has no datasets'),
    ('demo', "ann_files = dict(val='a.json')\nval_dataloader = dict(dataset=dict(ann_file='b'))",
     'ann_files is set in')])
def test_what_does_not_fit(load, base, text, said):
    with pytest.raises(UserError, match=said):
        load(base, text)


def test_batch_size_and_rate(load):
    cfg = load('coco', 'batch_size = 4\nlr = 2e-3')
    assert (cfg.train_dataloader.batch_size, cfg.val_dataloader.batch_size) == (4, 1)
    assert cfg.optim_wrapper.optimizer == dict(
        type='SGD', lr=0.002, momentum=0.9, weight_decay=0.0001)
    cfg = load('bccd', '', 'batch_size=3', 'lr=1e-4')
    assert (cfg.train_dataloader.batch_size, cfg.optim_wrapper.optimizer.lr) == (3, 1e-4)


def test_variables_of_the_same_names(load):
    """A file that uses them itself decides where."""
    cfg = load('demo', 'batch_size = 4\nlr = 0.1\nval_dataloader = dict(batch_size=batch_size)\n'
               'optim_wrapper = dict(optimizer=dict(lr=lr / 2))')
    assert (cfg.train_dataloader.batch_size, cfg.val_dataloader.batch_size) == (16, 4)
    assert cfg.optim_wrapper.optimizer.lr == 0.05


@pytest.mark.parametrize('text, said', [
    ('batch_size = 0', 'batch_size=0: it must be a whole number'), ('lr = -1', 'lr=-1: .* above 0'),
    ("lr = '1e-3'", 'above 0'), ('batch_size = 2\ntrain_dataloader = None', 'no train_dataloader'),
    ('lr = 0.1\noptim_wrapper = None', 'no optim_wrapper.optimizer')])
def test_what_is_no_batch_and_no_rate(load, text, said):
    with pytest.raises(UserError, match=said):
        load('demo', text)
