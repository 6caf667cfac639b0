"""``image_size`` in pipelines of one size, of several and in wrappers."""
import pytest
from mmengine.config import Config

from fcos_mm.config.settings.given import Given
from fcos_mm.config.settings.image_size import apply_image_size
from fcos_mm.errors import UserError
from tests.test_config.test_settings.conftest import steps


@pytest.mark.parametrize('base, setting, test, train', [
    ('coco', '(1000, 600)', (1000, 600), (1000, 600)),
    ('coco', '640', (640, 640), (640, 640)),
    ('demo', '[96, 64]', (96, 64), (96, 64)),
    # of 1333 x 800 are 1333 x 640 four fifths
    ('jitter', '(1000, 600)', (1000, 600), [(800, 480), (1000, 600)]),
    ('jitter', '320', (320, 320), [(256, 256), (320, 320)]),
    # of 320 x 240 the five scales are 0.85, 0.95, 1, 1.05 and 1.15
    ('bccd', '(640, 480)', (640, 480),
     [(544, 408), (608, 456), (640, 480), (672, 504), (736, 552)]),
    ('bccd', '100', (100, 100), [(85, 85), (95, 95), (100, 100), (105, 105), (115, 115)]),
    ('small', '(320, 240)', (320, 240), [(256, 192), (384, 288)])])
def test_sizes_worked_out_by_hand(load, base, setting, test, train):
    cfg = load(base, f'image_size = {setting}')
    for split in ('val', 'test'):
        assert [step.scale for step in steps(cfg, split, 'Resize')] == [test]
    resize = next(step for step in cfg.train_dataloader.dataset.pipeline if 'Resize' in step.type)
    assert resize.get('scale', resize.get('scales')) == train
    assert resize.keep_ratio


def test_as_an_option_and_of_a_grandchild(load, write):
    assert steps(load('coco', '', 'image_size=320,240'), 'test', 'Resize')[0].scale == (320, 240)
    assert steps(load('coco', '', 'image_size=320'), 'test', 'Resize')[0].scale == (320, 320)
    middle = write('bccd', 'image_size = 640', 'middle.py')
    cfg = load(middle, 'image_size = (160, 120)')
    assert steps(cfg, 'train', 'RandomChoiceResize')[0].scales[0] == (136, 102)


def test_the_same_size_changes_nothing(load):
    assert load('jitter', 'image_size = (1333, 800)').train_dataloader == load(
        'jitter').train_dataloader


def test_augmentation_at_test_time(load):
    """0.5, 0.625, ... of the shorter side of 800; the longer one of 2000 never binds."""
    scales = load('tta', 'image_size = (400, 240)').tta_pipeline[1].transforms[0]
    assert [step.scale for step in scales] == [
        (200, 120), (250, 150), (300, 180), (350, 210), (450, 270), (500, 300), (550, 330),
        (600, 360)]


def test_wrappers_and_choices():
    """Transforms within transforms and datasets within datasets; other numbers stay."""
    inner = [dict(type='mmdet.RandomCrop', crop_size=(384, 600), crop_type='absolute_range'),
             dict(type='RandomCrop', crop_size=(400, 400)), dict(type='Resize', scale_factor=2.0)]
    cfg = Config(dict(
        val_dataloader=dict(dataset=dict(pipeline=[dict(type='Resize', scale=(800, 800))])),
        train_dataloader=dict(dataset=dict(type='MultiImageMixDataset', dataset=dict(pipeline=[
            dict(type='RandomChoice', transforms=[inner])]), pipeline=[
                dict(type='Mosaic', img_scale=(800, 800), pad_val=114.0),
                dict(type='RandomResize', scale=(800, 800), ratio_range=(0.1, 2.0)),
                dict(type='RandomChoiceResize', scales=[400, 800]),
                dict(type='Pad', size=(800, 800)), dict(type='Pad', size_divisor=32)]))))
    apply_image_size(cfg, Given('image_size', 320))
    dataset = cfg.train_dataloader.dataset
    assert dataset.pipeline == [
        dict(type='Mosaic', img_scale=(320, 320), pad_val=114.0),
        dict(type='RandomResize', scale=(320, 320), ratio_range=(0.1, 2.0)),
        dict(type='RandomChoiceResize', scales=[(160, 160), (320, 320)]),
        dict(type='Pad', size=(320, 320)), dict(type='Pad', size_divisor=32)]
    crop = dict(type='RandomCrop', crop_size=(160, 160))
    assert dataset.dataset.pipeline[0].transforms == [[inner[0], crop, inner[2]]]


def test_a_file_with_its_own_pipeline_is_taken_at_its_word(load):
    own = ("image_size = (64, 64)\ntrain_dataloader = dict(dataset=dict(pipeline=["
           "dict(type='Resize', scale=image_size)]))")
    cfg = load('demo', own)
    assert steps(cfg, 'train', 'Resize')[0].scale == (64, 64)
    assert steps(cfg, 'test', 'Resize')[0].scale == (128, 128)


@pytest.mark.parametrize('value', ['0', '(1, 2, 3)', "'640'", '(640.0, 480)', 'True'])
def test_what_is_no_size(load, value):
    with pytest.raises(UserError, match=r'image_size=.* width and height.\nWrite image_size = '):
        load('coco', f'image_size = {value}')


def test_nothing_to_resize():
    with pytest.raises(UserError, match='image_size=640: no pipeline resizes images to a size'):
        apply_image_size(Config(dict(val_dataloader=dict(dataset=dict(pipeline=[])))),
                         Given('image_size', 640))
