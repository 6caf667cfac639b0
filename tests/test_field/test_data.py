"""Data as tools and scripts write them: boxes, file names, odd images, wrappers, pipelines."""
import json
import shutil
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from fcos_mm.apis.runner import ToolRunner
from fcos_mm.cli import parse, train
from fcos_mm.cli import test as test_tool
from fcos_mm.cli.dataset_converters import fix_boxes
from fcos_mm.config import check_config, load_config
from fcos_mm.datasets import checks
from fcos_mm.datasets.pipeline import CustomCodeError
from fcos_mm.errors import UserError
from fcos_mm.registry import DATASETS

LOAD = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)]
CLASSES = ('disc', 'ring', 'square', 'triangle', 'star', 'cross')
# One step of all images, without validation.
ONE_STEP = "train_cfg['val_interval'] = 9\ntrain_dataloader['batch_size'] = 16\n"
PACK = [dict(type='Resize', scale=(128, 128), keep_ratio=True), dict(type='PackDetInputs')]


@pytest.fixture(autouse=True)
def unformatted_configs(monkeypatch):
    """Configs are not made pretty: that takes longer than the trainings."""
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode',
                        lambda text, **style: (text, True))


@pytest.fixture
def data(small_shapes, tmp_path):
    """A copy of the small data that may be changed."""
    return Path(shutil.copytree(small_shapes, tmp_path / 'data'))


def change_file(root, change, split='train'):
    """``change(data)`` of an annotation file, written back."""
    path = root / 'annotations' / f'{split}.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def refused(run, write_config, text='', root=None, tool=train, **options):
    """The message with which a training of this config is refused, at most four lines."""
    words = () if tool is train else (options['checkpoint'], )
    config = write_config(text, **(dict(root=root) if root else {}))
    with pytest.raises(UserError) as caught:
        run(tool, config, *words, '--work-dir', config.parent / 'work')
    message = str(caught.value)
    assert len(message.splitlines()) <= 4
    return message


# ---- boxes that are not x, y, width, height in pixels: how they are written, the name of the form

def _corners(box, size):
    return [box[0], box[1], box[0] + box[2], box[1] + box[3]]


BOXES = [
    (_corners, 'corners', 'VOC and Python scripts'),
    (lambda box, size: [box[0] + box[2] / 2, box[1] + box[3] / 2, *box[2:]], 'center', 'YOLO'),
    (lambda box, size: [value / size for value in box], 'normalized', 'FiftyOne'),
    (lambda box, size: [value / size for value in _corners(box, size)], 'normalized-corners',
     'Albumentations'),
]


@pytest.mark.parametrize('written, form, reason', BOXES, ids=[row[1] for row in BOXES])
def test_boxes_in_another_form(written, form, reason, run, write_config, data, monkeypatch, capsys):
    def rewrite(content):
        for box in content['annotations']:
            box['bbox'] = written(box['bbox'], content['images'][0]['width'])

    right = json.loads((data / 'annotations/train.json').read_text())['annotations']
    path = change_file(data, rewrite)
    message = refused(run, write_config, root=data)
    command = message.splitlines()[-1].split()
    assert command[1].endswith('fix_boxes.py') and command[2] == str(path)
    assert command[-2:] == ['--from', form]

    fix_boxes.run(parse(fix_boxes, command[2:]))
    fixed = json.loads(Path(command[3]).read_text())['annotations']
    assert np.abs(np.array([box['bbox'] for box in fixed])
                  - [box['bbox'] for box in right]).max() <= 0.001
    areas = [box['bbox'][2] * box['bbox'][3] for box in right]
    assert np.allclose([box['area'] for box in fixed], areas, rtol=0.01)


# ---- names of files: the new file_name, the new place of the file, what is said

def _name(old):
    return lambda content: [image.update(file_name=old(image['file_name']))
                            for image in content['images']]


NAMES = [
    (lambda name: f'.\\{name}', None, 'warning', 'written with backslashes', 'Windows'),
    (lambda name: name.replace('.', '%2E'), None, 'warning', 'percent-encoded', 'Label Studio'),
    (lambda name: f'train%5C{name}', lambda name: f'train/{name}', 'warning', 'percent-encoded',
     'both at once'),
    (lambda name: f'train/{name}', None, 'error', "Take 'train/' off the end of data_prefix.img",
     'the folder is there twice'),
    (lambda name: f'C:\\up\\{name}', None, 'error', "Take 'C:/up/' off the file names",
     'absolute paths of the machine that annotated'),
    (lambda name: name, lambda name: f'a/{name}', 'error',
     "Add 'a/' to the end of data_prefix.img", 'a folder is missing'),
    (lambda name: name, lambda name: f'../{name}', 'error',
     "Take 'train/' off the end of data_prefix.img", 'a folder too many'),
    (lambda name: name.upper(), None, 'error', 'other letter case', 'Windows does not mind'),
    (lambda name: f' {name}', None, 'error', 'blanks at an end', 'spreadsheets'),
    (lambda name: f'e\u0301{name}', lambda name: f'\u00e9{name}', 'error', 'Unicode form',
     'macOS decomposes accents'),
    (lambda name: name.replace('.jpg', '.png'), None, 'error', 'another ending', 're-encoded'),
    (lambda name: f'x{name}', None, 'error', 'not found under a similar name', 'really missing'),
]


def samples(cfg):
    """All samples of the training data, as the runner's loader gives them."""
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        loader = ToolRunner.build_dataloader(cfg.train_dataloader, seed=0)
        return [sample for batch in loader for sample in batch['data_samples']]


@pytest.mark.parametrize('named, moved, kind, said, reason', NAMES, ids=[row[4] for row in NAMES])
def test_names_of_files(named, moved, kind, said, reason, run, write_config, data, monkeypatch):
    names = [image['file_name'] for image in json.loads(
        (data / 'annotations/train.json').read_text())['images']]
    folder = data / 'train'
    for name in names if moved else ():
        (folder / moved(name)).parent.mkdir(exist_ok=True)
        (folder / name).rename(folder / moved(name))
    change_file(data, _name(named))
    if kind == 'error':
        message = refused(run, write_config, root=data)
        assert said in message and '16 of 16 images are missing' in message
        return
    warnings = []
    monkeypatch.setattr(checks.config, '_warn', warnings.append)
    cfg = load_config(str(write_config(root=data)))
    checks.check_config_data(cfg, 'train')
    assert '16 of 16 file names are corrected' in warnings[0] and said in warnings[0]
    assert {Path(sample.img_path).name for sample in samples(cfg)} == set(names)


def test_a_percent_sign_that_is_meant(write_config, data):
    for image in (data / 'train').iterdir():
        image.rename(image.with_name(f'50%20{image.name}'))
    change_file(data, _name(lambda name: f'50%20{name}'))
    cfg = load_config(str(write_config(root=data)))
    checks.check_config_data(cfg, 'train')
    assert all('50%20' in sample.img_path for sample in samples(cfg))


# ---- images and transforms that fail

def _add_thin(root, split):
    """The first image becomes 2000 x 3 pixels."""
    def change(content):
        image = content['images'][0]
        image.update(width=2000, height=3)
        for box in content['annotations']:
            if box['image_id'] == image['id']:
                box.update(bbox=[4, 0, 40, 3], area=120)
        cv2.imwrite(str(root / split / image['file_name']), np.zeros((3, 2000, 3), np.uint8))
        names.append(image['file_name'])

    names = []
    change_file(root, change, split)
    return str(root / split / names[0])


def test_an_image_that_cannot_be_resized_counts_as_unreadable(run, write_config, data):
    path = _add_thin(data, 'train')
    config = write_config(ONE_STEP + "train_dataloader['num_workers'] = 1", root=data)
    screen = run(train, config, '--work-dir', data / 'work').screen
    assert f'Resize fails on image {path} (2000 x 3 pixels): error: OpenCV' in screen
    assert '1 unreadable image replaced in this training:' in screen


def test_in_a_test_it_is_an_error_that_names_image_and_transform(run, write_config, data,
                                                                 short_run):
    path = _add_thin(data, 'test')
    message = refused(run, write_config, "test_dataloader['num_workers'] = 1", data,
                      test_tool, checkpoint=short_run.checkpoint)
    assert message.startswith(f'Resize fails on image {path} (2000 x 3 pixels): error: OpenCV')


CUSTOM = textwrap.dedent('''
    from fcos_mm.registry import TRANSFORMS

    @TRANSFORMS.register_module(force=True)
    class Custom:
        def __init__(self, share=1.0, none=False):
            self.share, self.none = share, none

        def __call__(self, results):
            if results['sample_idx'] < self.share * 16:
                return None if self.none else results['absent']
            return results
''')
CASES = [  # behind the loading: the settings of a transform, what is raised, what it says
    (dict(type='FilterAnnotations', min_gt_bbox_wh=(999, 999)), UserError,
     'dropped 21 samples in a row, the last one:\nFilterAnnotations returns None for image',
     'drops every sample'),
    (dict(type='Resize', scale=(0, 0), keep_ratio=False), UserError,
     'Resize fails on each of 11 images', 'a wrong setting is not 16 bad images'),
    (dict(type='Custom'), CustomCodeError, 'Custom fails on each of 11 images',
     "a mistake in one's own code"),
    (dict(type='Custom', none=True), UserError, 'Custom returns None', "one's own drops all"),
]


@pytest.fixture
def custom(tmp_path, monkeypatch):
    (tmp_path / 'field_custom.py').write_text(CUSTOM)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "custom_imports = dict(imports=['field_custom'])\n"


def _set(key, value):
    return f"train_dataloader['dataset']['{key}'] = {value!r}\n"


def _pipeline(steps):
    return _set('pipeline', steps)


@pytest.mark.parametrize('step, kind, said, reason', CASES, ids=[row[3] for row in CASES])
def test_a_transform_that_always_fails(step, kind, said, reason, custom, write_config):
    cfg = load_config(str(write_config(
        custom + _pipeline([*LOAD, step, *PACK]) + _set('max_refetch', 20))))
    with pytest.raises(kind, match=said) as caught:
        samples(cfg)
    if kind is CustomCodeError:
        assert isinstance(caught.value.__cause__.__cause__, KeyError)


def test_a_transform_that_fails_too_often(custom, run, write_config):
    message = refused(run, write_config, custom + ONE_STEP + _pipeline(
        [*LOAD, dict(type='Custom', share=0.1), *PACK]))
    assert message.startswith('2 unreadable images so far; the limit is 1 of 16:\n'
                              'Custom fails on image ')


def test_a_traceback_of_ones_own_code_comes_out_of_a_worker(custom, write_config):
    cfg = load_config(str(write_config(custom + _pipeline([*LOAD, dict(type='Custom'), *PACK])
                                       + 'train_dataloader["num_workers"] = 1')))
    with pytest.raises(CustomCodeError) as caught:
        samples(cfg)
    assert "return None if self.none else results['absent']" in str(caught.value)


def test_one_failure_of_ones_own_code_is_logged_with_its_traceback(custom, run, write_config):
    config = write_config(custom + _pipeline([*LOAD, dict(type='Custom', share=0.01), *PACK])
                          + ONE_STEP)
    screen = run(train, config, '--work-dir', config.parent / 'work').screen
    assert "return None if self.none else results['absent']" in screen
    assert '1 unreadable image replaced in this training:' in screen


# ---- wrappers: each must train, be headed, be resumed, and be checked

def leaf(root, pipeline=(*LOAD, *PACK), palette=None):
    metainfo = dict(classes=CLASSES, **(dict(palette=[palette] * 6) if palette else {}))
    return dict(type='CocoDataset', data_root=f'{root}/', ann_file='annotations/train.json',
                data_prefix=dict(img='train/'), metainfo=metainfo, pipeline=list(pipeline))


def concat(*parts):
    return dict(type='ConcatDataset', datasets=list(parts))


def repeat(part):
    return dict(type='RepeatDataset', times=2, dataset=part)


def balanced(part):
    return dict(type='ClassBalancedDataset', oversample_thr=1e-3, dataset=part)


def mixed(part):
    return dict(type='MultiImageMixDataset', dataset=part, pipeline=[
        dict(type='Mosaic', img_scale=(128, 128)), *PACK])


WRAPPERS = [
    (lambda root: concat(leaf(root), leaf(root, palette=(1, 2, 3))), 32, 'metainfo is a list'),
    (lambda root: concat(concat(leaf(root), leaf(root)), repeat(leaf(root))), 64, 'two deep'),
    (lambda root: repeat(balanced(leaf(root))), 32, 'two deep'),
    (lambda root: balanced(concat(leaf(root), leaf(root))), 32, 'concatenated has no get_cat_ids'),
    (lambda root: balanced(repeat(leaf(root))), 32, 'nor has the repeated one'),
    (lambda root: balanced(mixed(leaf(root, LOAD))), 16, 'nor has the mixed one'),
    (lambda root: repeat(mixed(concat(leaf(root, LOAD), leaf(root, LOAD)))), 64, 'three deep'),
    (lambda root: mixed(balanced(leaf(root, LOAD))), 16, 'mixed'),
]


def _dataset(dataset):
    return f"train_dataloader['dataset'] = dict(_delete_=True, **{dataset!r})\n"


@pytest.mark.parametrize('make, number, reason', WRAPPERS, ids=[row[2] for row in WRAPPERS])
def test_wrapped_datasets(make, number, reason, write_config, small_shapes):
    cfg = load_config(str(write_config(_dataset(make(small_shapes)))))
    check_config(cfg, 'train')
    checks.check_config_data(cfg, 'train')
    assert len(samples(cfg)) == number
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert dataset.metainfo['classes'] == CLASSES


SHORTER = '''
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=1, val_interval=9)
train_dataloader['batch_size'] = 16
train_dataloader['sampler'] = dict(type='InfiniteSampler', shuffle=False)
default_hooks['checkpoint'] = dict(interval=1, by_epoch=False)
param_scheduler = []
'''


def test_mmdets_own_concatenation_has_a_header(run, write_config, small_shapes):
    parts = concat(leaf(small_shapes), leaf(small_shapes, palette=(1, 2, 3)))
    config = write_config(_dataset(dict(parts, type='mmdet.ConcatDataset')) + SHORTER)
    screen = run(train, config, '--work-dir', config.parent / 'work').screen
    assert '32 images in batches of 16' in screen
    assert 'classes     6: disc, ring, square' in screen


def test_wrapped_datasets_train_and_are_resumed(run, write_config, data):
    """Twice in the data, and met by both: an image that cannot be read counts once."""
    broken = sorted((data / 'train').iterdir())[0]
    broken.write_bytes(b'no')
    parts = concat(leaf(data, LOAD), leaf(data, LOAD))
    text = _dataset(mixed(parts)) + SHORTER
    work = data / 'work'
    screen = run(train, write_config(text, root=data), '--work-dir', work).screen
    assert '1 unreadable image replaced in this training:\nImage cannot be read: ' in screen
    longer = write_config(text.replace('max_iters=1', 'max_iters=2'), root=data)
    run(train, longer, '--work-dir', work, '--resume')
    assert (work / 'iter_2.pth').is_file()


# ---- settings of datasets and pipelines

SETTINGS = [
    (_set('ann_file', ['a.json', 'b.json']), ['ann_file is a list of 2', 'ConcatDataset'],
     'mmdet 2 concatenated'),
    (_set('data_prefix', 'img/'), ["data_prefix=dict(img='img/')"], 'img_prefix of mmdet 2'),
    (_set('data_prefix', dict(img=['a/', 'b/'])), ['data_prefix.img', 'ConcatDataset'],
     'mmdet 2 concatenated'),
    ("train_dataloader['dataset'] = [dict(type='CocoDataset')]\n",
     ['train_dataloader.dataset is a list', "dict(type='ConcatDataset', datasets=[...])"],
     'mmdet 2 concatenated'),
    (_set('data_root', 'data\\'), ["data_root='data/'"], 'Windows'),
    (_set('ann_file', 'annotations\\train.json'), ["ann_file='annotations/train.json'"], 'Windows'),
    (_set('data_root', 5), ['data_root is 5'], 'not text'),
    (_dataset(dict(type='ConcatDataset', datasets='data/')), ['not a list of datasets'], 'a path'),
    (_pipeline([*LOAD, PACK[0]]), ['train_dataloader.dataset.pipeline does not pack its samples'],
     'left out'),
    (_pipeline([*LOAD, *PACK, PACK[0]]), ["'Resize' comes after PackDetInputs"], 'packed too soon'),
    (_pipeline([LOAD[1], *PACK]), ['no transform before it loads one'], 'left out'),
    (_pipeline([LOAD[0], *PACK]), ['loads no boxes to train on'], 'left out'),
    (_dataset(mixed(dict(leaf('x', LOAD)))).replace("{'type': 'PackDetInputs'}", ''),
     ['dataset.pipeline does not pack its samples'], 'left out of the outer pipeline'),
    (_dataset(repeat(leaf('x', LOAD))),
     ['train_dataloader.dataset.dataset.pipeline does not pack its samples'], 'inside a wrapper'),
]


@pytest.mark.parametrize('text, said, reason', SETTINGS, ids=[row[1][0] for row in SETTINGS])
def test_settings(text, said, reason, run, write_config):
    message = refused(run, write_config, text)
    assert all(part in message for part in said), message


def test_a_packing_of_ones_own(custom, write_config):
    """It may do anything: it is not asked for PackDetInputs."""
    check_config(load_config(str(write_config(
        custom + _pipeline([*LOAD, dict(type='Custom')])))), 'train')


def test_concatenated_datasets_of_other_classes(run, write_config, data):
    def rename(content):
        content['categories'][0]['name'] = 'moon'

    path = change_file(data, rename, 'val')
    other = dict(leaf(data), ann_file=str(path), data_prefix=dict(img='val/'),
                 metainfo=dict(classes=('moon', *CLASSES[1:])))
    message = refused(run, write_config, 'val_dataloader = val_cfg = val_evaluator = None\n'
                      + _dataset(concat(leaf(data), other)))
    assert 'train_dataloader.dataset.datasets.1 has other classes than' in message


def test_concatenated_datasets_that_share_ids(run, write_config, small_shapes):
    part = dict(leaf(small_shapes), test_mode=True)
    part.update(ann_file='annotations/val.json', data_prefix=dict(img='val/'))
    text = _dataset(concat(part, part)).replace('train_dataloader', 'val_dataloader')
    message = refused(run, write_config, text)
    assert 'both have an image with the id' in message and 'MultiDatasetsEvaluator' in message
