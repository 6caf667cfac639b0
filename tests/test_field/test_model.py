"""Models whose parts do not fit each other: every row is one mistake in a config."""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from torch import nn

from fcos_mm.cli import train
from fcos_mm.config import check_config
from fcos_mm.config.checks.detections import limit_faults
from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
DEMO = 'demo/fcos_csp-w25_fpn_shapes.py'
R50 = 'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'
RETINA = 'retinanet/retinanet_r50-caffe_fpn_1x_coco.py'
RPN = 'rpn/rpn_r50-caffe_fpn_gn-head_1x_coco.py'
FASTER = 'rpn/faster-rcnn_r50-caffe_fpn_1x_coco.py'
FCOS_RPN = 'fcos_rpn/faster-rcnn_r50-caffe_fpn_fcos-rpn_1x_coco.py'

#: Why, the config, what is set, and what the message must contain.
MISTAKES = [
    ('another backbone, the neck as before', R50, {'backbone.depth': 18},
     ['model.neck.in_channels=[256, 512, 1024, 2048]', 'model.backbone (ResNet)',
      'Set model.neck.in_channels=[64, 128, 256, 512]']),
    ('one number copied wrong', DEMO, {'neck.in_channels': [64, 128, 512]},
     ['Set model.neck.in_channels=[64, 128, 256]']),
    ('a level less than the backbone makes', DEMO, {'neck.in_channels': [64, 128]},
     ['Set model.neck.in_channels=[64, 128, 256]', 'out_indices']),
    ('C3 to C5 of the backbone, but channels of C2 to C5', R50, {'backbone.out_indices': (1, 2, 3)},
     ['of strides (8, 16, 32)', 'Set model.neck.in_channels=[512, 1024, 2048]']),
    ('a tuple, which FPN does not take', DEMO, {'neck.in_channels': (64, 128, 256)},
     ['is a tuple', 'Set model.neck.in_channels=[64, 128, 256]']),
    ('levels that nothing reads', DEMO, {'neck.num_outs': 5},
     ['model.bbox_head.strides=(8, 16, 32) has 3 levels', 'makes 5 maps of strides '
      '(8, 16, 32, 64, 128)', 'model.neck.num_outs=3']),
    ('fewer outputs than inputs', DEMO, {'neck.num_outs': 2},
     ['model.neck.num_outs=2', 'start_level=0', 'at least 3']),
    ('no extra level behind an end_level', R50, {'neck.end_level': 2},
     ['model.neck.num_outs=5', 'end_level=2', 'num_outs to 2']),
    ('a start_level that is not there', R50, {'neck.start_level': 5},
     ['model.neck.start_level=5', '4 maps', 'from 0 to 3']),
    ('a wider neck', DEMO, {'neck.out_channels': 128},
     ['Set model.bbox_head.in_channels=128', 'model.neck.out_channels=64']),
    ('a head for another neck', DEMO, {'bbox_head.in_channels': 256},
     ['Set model.bbox_head.in_channels=64', 'model.neck.out_channels=256']),
    ('no neck', DEMO, {'neck': None},
     ['model.bbox_head.in_channels=64', '[64, 128, 256] channels', 'add a neck']),
    ('strides of other levels', DEMO, {'bbox_head.strides': (16, 32, 64)},
     ['model.bbox_head.strides=(16, 32, 64)', 'Set model.bbox_head.strides=(8, 16, 32)',
      'regress_ranges']),
    ('start_level alone', R50, {'neck.start_level': 0},
     ['model.neck (FPN) have strides (4, 8, 16, 32, 64)',
      'Set model.bbox_head.strides=(4, 8, 16, 32, 64)', 'model.neck.start_level']),
    ('a dilated backbone', R50, {'backbone.strides': (1, 2, 2, 1), 'backbone.dilations':
                                 (1, 1, 1, 2)}, ['(8, 16, 16, 32, 64): level 2 differs']),
    ('a stride too few', DEMO, {'bbox_head.strides': (8, 16)}, ['has 2 levels', 'makes 3 maps']),
    ('a range too few', DEMO, {'bbox_head.assigner.regress_ranges': ((0, 64), (64, 1e8))},
     ['model.bbox_head.assigner.regress_ranges', 'has 2 levels', '(8, 16, 32)', 'has 3']),
    ('ranges upside down', DEMO, {'bbox_head.assigner.regress_ranges':
                                  ((64, 1e8), (32, 64), (0, 32))}, ['increase with the strides']),
    ('distances that no level learns', DEMO, {'bbox_head.assigner.regress_ranges':
                                              ((0, 24), (48, 96), (96, 1e8))},
     ['from 24.0 to 48.0 pixels']),
    ('groups of the head', DEMO, {'bbox_head.norm_cfg.num_groups': 24},
     ['model.bbox_head.norm_cfg.num_groups=24', '64 channels', 'num_groups=16']),
    ('a narrower head', DEMO, {'bbox_head.feat_channels': 40},
     ['num_groups=16', '40 channels', 'num_groups=10']),
    ('no groups', DEMO, {'bbox_head.norm_cfg.num_groups': 0}, ['num_groups=0', 'num_groups=32']),
    ('groups of the neck', R50, {'neck.norm_cfg': dict(type='GN', num_groups=48)},
     ['model.neck.norm_cfg.num_groups=48', '256 channels']),
    ('groups of the backbone', R50, {'backbone.norm_cfg': dict(type='GN', num_groups=48)},
     ['model.backbone.norm_cfg.num_groups=48', '64 channels']),
    ('anchors', RETINA, {'neck.start_level': 0},
     ['Set model.bbox_head.anchor_generator.strides=(4, 8, 16, 32, 64)', 'anchor sizes']),
    ('anchors of an RPN', RPN, {'neck.num_outs': 6},
     ['model.rpn_head.anchor_generator.strides', 'model.neck.num_outs=5']),
    ('two stages', FASTER, {'neck.start_level': 1},
     ['2 faults', 'model.rpn_head.anchor_generator.strides',
      'Set model.roi_head.bbox_roi_extractor.featmap_strides=[8, 16, 32, 64]']),
    ('channels of the second stage', FASTER, {'neck.out_channels': 128},
     ['Set model.rpn_head.in_channels=128',
      'Set model.roi_head.bbox_roi_extractor.out_channels=128']),
    ('proposals by FCOS', FCOS_RPN, {'neck.start_level': 1},
     ['Set model.rpn_head.strides=(8, 16, 32, 64, 128)']),
]

#: Values of the parts' own options: the config, what is set, what the message begins with.
OPTIONS = [
    (DEMO, {'bbox_head.regression': 'foo'}, 'model.bbox_head: regression must be one of'),
    (DEMO, {'bbox_head.location_offset': 'foo'}, 'model.bbox_head: location_offset must be one of'),
    (DEMO, {'bbox_head.strides': ((8, 8), (16, 16), (32, 32))}, 'model.bbox_head: strides must be'),
    (DEMO, {'bbox_head.num_classes': '6'}, 'model.bbox_head: num_classes must be an integer'),
    (DEMO, {'bbox_head.loss.loss_bbox': dict(type='LTRBIoULoss', form='foo')},
     'model.bbox_head.loss.loss_bbox: form must be one of'),
    (DEMO, {'bbox_head.loss.bbox_weight': 'foo'}, 'model.bbox_head.loss: bbox_weight must be'),
    (DEMO, {'bbox_head.centerness.position': 'foo'}, 'model.bbox_head.centerness: '),
    (DEMO, {'bbox_head.postprocess': dict(type='FCOSPostProcessor', score='foo')},
     'model.bbox_head.postprocess: postprocess.score must be one of'),
    (DEMO, {'bbox_head.assigner.range_bounds': 'foo'}, 'model.bbox_head.assigner: range_bounds'),
    (DEMO, {'bbox_head.assigner.center_sampling_radius': -1},
     'model.bbox_head.assigner: center_sampling_radius must be'),
    (DEMO, {'bbox_head.assigner.regress_ranges': ((0, 64), (64, 32), (32, 1e8))},
     'model.bbox_head.assigner: a regress range must have'),
    (DEMO, {'bbox_head.assigner.regress_ranges': (64, 128, 256)},
     'model.bbox_head.assigner: regress_ranges must hold a pair'),
    (DEMO, {'test_cfg.score_thr': 5}, 'model.test_cfg.score_thr=5 must be a score below 1'),
    (DEMO, {'test_cfg.score_thr': '0.05'}, "model.test_cfg.score_thr='0.05' must be"),
    (DEMO, {'test_cfg.max_per_img': -1}, 'model.test_cfg.max_per_img=-1 must be'),
    (DEMO, {'test_cfg.nms': None}, 'model.test_cfg.nms=None: detections need'),
    (DEMO, {'test_cfg': None}, 'model.test_cfg.nms=None: detections need'),
    (DEMO, {'test_cfg.nms.type': 'nmss'},
     "model.test_cfg.nms.type: mmcv.ops has no 'nmss'. Did you mean 'nms'?"),
    (DEMO, {'test_cfg.nms.iou_threshold': 60}, 'model.test_cfg.nms.iou_threshold=60 must be'),
    (DEMO, {'test_cfg.nms': dict(type='nms')}, 'model.test_cfg.nms.iou_threshold=None must be'),
    (FCOS_RPN, {'test_cfg.rpn.nms_pre': 'all'}, "model.test_cfg.rpn.nms_pre='all' must be"),
]

#: Unusual, and right.
RIGHT = [
    ('another width', DEMO, {'backbone.widen_factor': 0.5, 'neck.in_channels': [128, 256, 512]}),
    ('one level', DEMO, {'neck.num_outs': 1, 'neck.start_level': 2, 'bbox_head.strides': (32, ),
                         'bbox_head.assigner.regress_ranges': ((0, 1e8), )}),
    ("mmdet's ranges", DEMO, {'bbox_head.assigner.regress_ranges':
                              ((-1, 24), (24, 48), (48, 1e8))}),
    ('ranges that overlap', DEMO, {'bbox_head.assigner.regress_ranges':
                                   ((0, 32), (16, 64), (32, 1e8))}),
    ('ranges of whole numbers', DEMO, {'bbox_head.assigner.regress_ranges':
                                       ((0, 23), (24, 47), (48, 1e8))}),
    ('channels that start_level leaves out', R50, {'neck.in_channels': [1, 512, 1024, 2048]}),
    ('several necks', DEMO, {'neck': [
        dict(type='FPN', in_channels=[64, 128, 256], out_channels=64, num_outs=3),
        dict(type='BFP', in_channels=64, num_levels=3, refine_level=1)]}),
    ('a dilated backbone and its strides', R50, {
        'backbone.strides': (1, 2, 2, 1), 'backbone.dilations': (1, 1, 1, 2),
        'bbox_head.strides': (8, 16, 16, 32, 64)}),
    ('an unknown type, which is reported elsewhere', DEMO, {'bbox_head.type': 'FCOSS'}),
    ('an unknown argument', DEMO, {'backbone.depht': 18}),
    ("SSD's strides, for one size of image", RETINA, {
        'neck': dict(type='FPN', in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=4),
        'bbox_head.anchor_generator': dict(
            type='SSDAnchorGenerator', scale_major=False, strides=[4, 8, 21, 33],
            ratios=[[2], [2], [2], [2]], min_sizes=[8, 16, 32, 64], max_sizes=[16, 32, 64, 128])}),
    ('soft NMS', DEMO, {'test_cfg.nms': dict(type='soft_nms', min_score=0.05)}),
    ('no limits', DEMO, {'test_cfg': dict(nms=dict(iou_threshold=0.5), nms_pre=-1,
                                          max_per_img=None)}),
    ("a user's NMS", DEMO, {'test_cfg.nms': dict(type=len)}),
]


def changed(name: str, settings: dict) -> Config:
    """A shipped config with other settings of the model."""
    cfg = Config.fromfile(CONFIGS / name)
    for key, value in settings.items():
        *parents, last = key.split('.')
        part = cfg.model
        for parent in parents:
            part = part[parent]
        part[last] = value
    return cfg


@pytest.mark.parametrize('reason, name, settings, expected', MISTAKES,
                         ids=[row[0] for row in MISTAKES])
def test_parts_that_do_not_fit(reason, name, settings, expected):
    with pytest.raises(UserError) as caught:
        check_config(changed(name, settings), 'train')
    message = str(caught.value)
    assert all(text in message for text in expected), message
    assert all(len(fault.splitlines()) <= 4 for fault in message.split('\n\n'))


@pytest.mark.parametrize('name, settings, expected', OPTIONS, ids=[
    f'{key}={value}' for _, settings, _ in OPTIONS for key, value in settings.items()])
def test_values_that_cannot_be(name, settings, expected):
    with pytest.raises(UserError) as caught:
        check_config(changed(name, settings), 'train')
    assert expected in str(caught.value)


@pytest.mark.parametrize('reason, name, settings', RIGHT, ids=[row[0] for row in RIGHT])
def test_unusual_models_pass(reason, name, settings):
    cfg = changed(name, settings)
    assert [*shape_faults(cfg, 'train'), *limit_faults(cfg, 'train')] == []


def test_without_validation_a_training_needs_no_limits():
    cfg = changed(DEMO, {'test_cfg': None})
    cfg.val_cfg = None
    assert list(limit_faults(cfg, 'train')) == []


def test_ranges_do_not_matter_in_tests():
    cfg = changed(DEMO, {'bbox_head.assigner.regress_ranges': ((0, 1e8), )})
    assert shape_faults(cfg, 'test') == []


@MODELS.register_module()
class OwnBackbone(BaseModule):
    """A user's: one convolution, of any stride, which may fail."""

    def __init__(self, stride: int = 8, fails: bool = False, init_cfg=None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, 8, stride, stride)
        self.fails = fails

    def forward(self, x):
        """Return one map."""
        if self.fails:
            raise RuntimeError('an error of the user')
        return (self.conv(x), )


OWN = '''
model = dict(
    backbone=dict(_delete_=True, type='OwnBackbone', {settings}),
    neck=dict(in_channels=[8], num_outs={levels}),
    bbox_head=dict(strides=(8, ), assigner=dict(regress_ranges=((0, 1e8), ))))
'''


def test_the_first_batch_shows_wrong_strides_of_a_users_backbone(write_config, run, tmp_path):
    config = write_config(OWN.format(settings='stride=4', levels=1))
    with pytest.raises(UserError) as caught:
        run(train, config, '--work-dir', tmp_path / 'work')
    message = str(caught.value)
    assert message.startswith('Level 0 of the head has a feature map of 32 x 32 cells; its stride '
                              '8 makes 16 x 16 of an input of 128 x 128.'), message
    assert 'Set model.bbox_head.strides=(4,)' in message and len(message.splitlines()) <= 4


def test_levels_behind_a_backbone_that_is_not_run(write_config):
    cfg = Config.fromfile(write_config(OWN.format(settings='stride=8', levels=2)))
    with pytest.raises(UserError, match='model.neck .FPN. makes 2 maps'):
        check_config(cfg, 'train')


def test_errors_of_users_code_keep_their_traceback(write_config, run, tmp_path):
    config = write_config(OWN.format(settings='fails=True', levels=1))
    with pytest.raises(RuntimeError, match='an error of the user'):
        run(train, config, '--work-dir', tmp_path / 'work')


def test_documented_levels_for_small_objects():
    text = (CONFIGS.parent / 'docs/custom_data.md').read_text().split('A level of stride 4', 1)[1]
    block = re.search(r'```python\n(.*?)```', text, re.DOTALL)[1]
    cfg = Config.fromstring(f"_base_ = '{CONFIGS / R50}'\n{block}", '.py')
    check_config(cfg, 'train')
    assert cfg.model.bbox_head.strides[0] == 4
    model = cfg.model
    with torch.device('meta'):
        neck, head = MODELS.build(model.neck), MODELS.build(model.bbox_head)
        maps = [torch.zeros(1, channels, side, side) for channels, side in
                zip(model.neck.in_channels, (64, 32, 16, 8))]
        assert [scores.size(2) for scores in head(neck(maps))[0]] == [64, 32, 16, 8]
