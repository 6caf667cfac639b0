"""What a child says once for all datasets, and the modules and paths of a user's own."""
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from fcos_mm.cli import parse, train
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DEMO = CONFIGS / 'demo' / 'fcos_csp-w25_fpn_shapes.py'
BCCD = CONFIGS / 'bccd' / 'fcos_r18-half_fpn_scratch_bccd.py'
COCO = CONFIGS / 'fcos' / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
FASTER = CONFIGS / 'rpn' / 'faster-rcnn_r50-caffe_fpn_1x_coco.py'


def write(folder, text, base=DEMO, name='mine.py'):
    (folder / name).write_text(f"_base_ = '{base}'\n{text}\n")
    return str(folder / name)


def roots(cfg):
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    files = (cfg.val_evaluator.ann_file, cfg.test_evaluator.ann_file)
    return {str(loader.dataset.data_root) for loader in loaders} | {
        file.partition('annotations')[0] for file in files}


@pytest.mark.parametrize('text, reason', [
    ("data_root = 'mine/'", 'a text'),
    ("from pathlib import Path\ndata_root = Path('mine')", 'a path'),
    ("data_root = 'mine/'\nmodel = dict(bbox_head=dict(num_classes=6))", 'among others'),
    ("data_root = 'mine/'\nval_evaluator = dict(ann_file=data_root + 'annotations/val.json')",
     'read for one of the files only'),
])
def test_data_root_of_a_child(text, reason, tmp_path):
    cfg = load_config(write(tmp_path, text))
    assert {root.rstrip('/') for root in roots(cfg)} == {'mine'}
    cfg.dump(str(tmp_path / 'dumped.py'))
    assert roots(Config.fromfile(tmp_path / 'dumped.py')) == roots(cfg)


def test_data_root_through_several_files(tmp_path):
    middle = write(tmp_path, "data_root = 'middle/'", name='middle.py')
    assert roots(load_config(middle)) == {'middle/'}
    assert roots(load_config(write(tmp_path, '', middle))) == {'middle/'}
    assert roots(load_config(write(tmp_path, "data_root = 'last/'", middle))) == {'last/'}
    assert roots(load_config(middle, {'data_root': 'option/'})) == {'option/'}
    assert roots(load_config(middle, {'data_root': Path('option')})) == {'option/'}


def test_a_child_that_says_where_each_dataset_is_is_taken_at_its_word(tmp_path):
    cfg = load_config(write(tmp_path, "data_root = 'mine/'\n"
                            'train_dataloader = dict(dataset=dict(data_root=data_root))'))
    assert cfg.train_dataloader.dataset.data_root == 'mine/'
    assert cfg.val_dataloader.dataset.data_root == 'data/shapes/'


def test_backslash_at_the_end_of_data_root(tmp_path):
    middle = write(tmp_path, "data_root = 'data\\\\'", name='middle.py')
    cfg = load_config(middle)
    assert cfg.train_dataloader.dataset.data_root == 'data/'
    assert roots(load_config(middle, {'data_root': 'mine'})) == {'mine/'}


def test_data_root_that_moves_nothing(tmp_path):
    path = write(tmp_path, 'train_dataloader = dict(dataset=dict(data_root="a"))\n'
                 'val_dataloader = dict(dataset=dict(data_root="b"))\n'
                 'test_dataloader = dict(dataset=dict(data_root="c"))\n'
                 'val_evaluator = dict(ann_file="b/x")\ntest_evaluator = dict(ann_file="c/x")')
    with pytest.raises(UserError, match="data_root='mine' has no effect: the datasets read from "
                                        "'a', 'b', 'c'"):
        load_config(path, {'data_root': 'mine'})


def classes(cfg):
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    return {tuple(loader.dataset.metainfo.classes) for loader in loaders}


@pytest.mark.parametrize('text, expected', [
    ("classes = ('cup', 'jar')", ('cup', 'jar')),
    ("classes = ['cup', 'jar']", ('cup', 'jar')),
    ("classes = 'cup'", ('cup', )),
    ("classes = ('cup')", ('cup', )),  # the comma that is forgotten
    ("metainfo = dict(classes=('cup', 'jar'), palette=[(0, 0, 0), (9, 9, 9)])", ('cup', 'jar')),
    ("classes = ('cup', 'jar')\nmetainfo = dict(classes=classes)", ('cup', 'jar')),
    ("classes = ('cup', 'jar')\nmodel = dict(bbox_head=dict(num_classes=len(classes)))",
     ('cup', 'jar')),
])
@pytest.mark.parametrize('base', [DEMO, COCO, BCCD], ids=lambda path: path.stem[:20])
def test_classes_of_a_child(base, text, expected, tmp_path):
    cfg = load_config(write(tmp_path, text, base))
    assert classes(cfg) == {expected}
    assert cfg.model.bbox_head.num_classes == len(expected)


@pytest.mark.parametrize('option, expected', [
    ('classes=cup,jar', ('cup', 'jar')), ('classes=cup', ('cup', )),
    ('metainfo.classes=cup,jar', ('cup', 'jar'))])
def test_classes_as_an_option(option, expected):
    cfg = load_config(str(COCO), parse(train, ['a.py', '--cfg-options', option]).cfg_options)
    assert (classes(cfg), cfg.model.bbox_head.num_classes) == ({expected}, len(expected))


def test_heads_of_two_stages():
    """An RPN tells objects from the background, whatever the classes."""
    before = load_config(str(FASTER)).model
    cfg = load_config(str(FASTER), dict(classes=('cup', 'jar')))
    assert cfg.model.roi_head.bbox_head.num_classes == 2
    assert cfg.model.rpn_head == before.rpn_head


# Modules of the user's own

@pytest.mark.parametrize('place, reason', [
    ('configs', 'beside the config'), ('.', 'in the folder above'), ('elsewhere', 'where it runs')])
def test_custom_module(place, reason, tmp_path, monkeypatch):
    for folder in ('configs', 'elsewhere'):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    monkeypatch.setattr(sys, 'path', list(sys.path))
    name = f'module_in_{place.replace(".", "above")}'
    (tmp_path / place / f'{name}.py').write_text('loaded = True\n')
    load_config(write(tmp_path / 'configs', f"custom_imports = dict(imports=['{name}'])"))
    assert sys.modules[name].loaded


def test_custom_module_that_is_nowhere_or_broken(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, 'path', list(sys.path))
    for imports in ("['a/b.py']", '[3]', '3'):
        with pytest.raises(UserError, match='modules without their .py'):
            load_config(write(tmp_path, f'custom_imports = dict(imports={imports})'))
    with pytest.raises(UserError, match="names the module 'no_such', which was not found"):
        load_config(write(tmp_path, "custom_imports = dict(imports=['no_such'])"))
    (tmp_path / 'broken_one.py').write_text('import no_such_library\n')
    with pytest.raises(ModuleNotFoundError, match='no_such_library'):  # with its traceback
        load_config(write(tmp_path, "custom_imports = dict(imports=['broken_one'])"))


def test_paths_are_text(tmp_path):
    cfg = load_config(write(tmp_path, (
        "from pathlib import Path\nroot = Path('mine')\n"
        "val_evaluator = dict(ann_file=root / 'val.json')\nwork_dir = root")),
        {'load_from': Path('a.pth'), 'val_dataloader.dataset.ann_file': Path('b.json')})
    assert (cfg.val_evaluator.ann_file, cfg.work_dir) == ('mine/val.json', 'mine')
    assert (cfg.load_from, cfg.val_dataloader.dataset.ann_file) == ('a.pth', 'b.json')
    cfg.dump(str(tmp_path / 'dumped.py'))
    assert Config.fromfile(tmp_path / 'dumped.py').work_dir == 'mine'
