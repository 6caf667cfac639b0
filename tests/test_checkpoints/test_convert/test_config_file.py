"""The config beside converted weights: short, and with all that differs."""
from fcos_mm.checkpoints.convert.config_file import compose, config_text
from fcos_mm.checkpoints.convert.source import Converted

STEPS = [dict(type='LoadImageFromFile', to_float32=True),
         dict(type='Resize', scale=(1333, 800), keep_ratio=True, backend='torch')]
SETTINGS = dict(
    model=dict(bbox_head=dict(location_offset='zero', assigner=dict(center_sampling_radius=1.5))),
    test_pipeline=STEPS, test_dataloader=dict(dataset=dict(pipeline=STEPS)))
TEXT = '''\
# first
# second
_base_ = 'fcos_mm::fcos/fcos_r18_fpn_gn-head_1x_coco.py'
model = dict(bbox_head=dict(location_offset='zero', assigner=dict(center_sampling_radius=1.5)))
test_pipeline = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True, backend='torch')]
classes = ('cup',)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
'''


def test_a_config_by_hand():
    converted = Converted({}, 'fcos_r18_fpn_gn-head_1x_coco', SETTINGS, ('cup', ))
    assert config_text(converted, 'first\nsecond') == TEXT


def test_it_has_all_that_differs_and_what_it_inherits():
    cfg = compose(TEXT)
    assert cfg.model.bbox_head.num_classes == 1 and cfg.model.backbone.depth == 18
    assert cfg.model.bbox_head.assigner.center_sampling_radius == 1.5
    assert cfg.model.bbox_head.assigner.range_bounds == 'inclusive'
    assert cfg.test_dataloader.dataset.pipeline == STEPS


def test_dicts_that_are_no_calls_and_long_lists():
    converted = Converted({}, 'fcos_r18_fpn_gn-head_1x_coco',
                          dict(env_cfg={'a.b': 1}, vis_backends=[dict(type='LocalVisBackend')] * 4))
    text = config_text(converted)
    assert "env_cfg = {'a.b': 1}" in text
    assert "vis_backends = [\n    dict(type='LocalVisBackend'),\n" in text
