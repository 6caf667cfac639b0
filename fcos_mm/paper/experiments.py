"""The trainings behind the paper's tables, and the ways in which their weights are tested."""
from typing import NamedTuple

from fcos_mm.errors import UserError


class Experiment(NamedTuple):
    """A training."""
    config: str  # at full scale, ``package::path``
    scales: tuple[str, ...] = ('full', 'small', 'tiny')  # at which it exists


class Test(NamedTuple):
    """A way to test the weights of an experiment."""
    experiment: str  # key of ``EXPERIMENTS``
    options: dict[str, object] = {}  # settings that differ from training, by dotted keys
    ranking: str = ''  # key of a center-ness network in ``EXPERIMENTS`` that ranks the detections


_ABLATION = 'fcos_mm::ablations/fcos_r50-caffe_{}_1x_coco.py'
_FCOS = 'fcos_mm::fcos/fcos_{}_coco.py'
_FULL = ('full', )

EXPERIMENTS = {
    'fcos': Experiment(_FCOS.format('r50-caffe_fpn_gn-head_1x')),
    'fcos_c5': Experiment(_FCOS.format('r50-caffe_fpn-c5_gn-head_1x')),
    'fcos_p4': Experiment(_ABLATION.format('p4_gn-head')),
    'fcos_no-centerness': Experiment(_ABLATION.format('fpn_gn-head-no-centerness')),
    'fcos_deep-centerness': Experiment(_ABLATION.format('fpn_gn-head-deep-centerness')),
    'centerness-network': Experiment(  # ranks detections in tests of others
        'fcos_mm::ablations/centerness-network_r50-caffe_fpn_gn-head_1x_coco.py'),
    'retinanet': Experiment('fcos_mm::retinanet/retinanet_r50-caffe_fpn_1x_coco.py'),
    'retinanet_gn': Experiment('fcos_mm::retinanet/retinanet_r50-caffe_fpn_gn-head_1x_coco.py'),
    'rpn': Experiment('fcos_mm::rpn/rpn_r50-caffe_fpn_1x_coco.py'),
    'rpn_gn': Experiment('fcos_mm::rpn/rpn_r50-caffe_fpn_gn-head_1x_coco.py'),
    'fcos-rpn_no-centerness': Experiment(
        'fcos_mm::fcos_rpn/fcos-rpn_r50-caffe_fpn_gn-head-no-centerness_1x_coco.py'),
    'fcos-rpn': Experiment('fcos_mm::fcos_rpn/fcos-rpn_r50-caffe_fpn_gn-head_1x_coco.py'),
    'faster-rcnn': Experiment('fcos_mm::rpn/faster-rcnn_r50-caffe_fpn_1x_coco.py'),
    'faster-rcnn_fcos-rpn': Experiment(
        'fcos_mm::fcos_rpn/faster-rcnn_r50-caffe_fpn_fcos-rpn_1x_coco.py'),
    # Table 7: ours, and what mmdet has configs for.
    'fcos_r101': Experiment(_FCOS.format('r101-caffe_fpn_gn-head_ms-640-800-2x'), _FULL),
    'fcos_x101': Experiment(_FCOS.format('x101-32x8d_fpn_gn-head_ms-640-800-2x'), _FULL),
    'mmdet_faster-rcnn_r101': Experiment(
        'mmdet::faster_rcnn/faster-rcnn_r101_fpn_2x_coco.py', _FULL),
    'mmdet_retinanet_r101': Experiment(
        'mmdet::retinanet/retinanet_r101_fpn_2x_coco.py', _FULL),
    'mmdet_retinanet_x101': Experiment(
        'mmdet::retinanet/retinanet_x101-32x4d_fpn_2x_coco.py', _FULL),
    'mmdet_ssd512': Experiment('mmdet::ssd/ssd512_coco.py', _FULL),
    'mmdet_cornernet': Experiment(
        'mmdet::cornernet/cornernet_hourglass104_10xb5-crop511-210e-mstest_coco.py', _FULL),
    'mmdet_yolov3': Experiment('mmdet::yolo/yolov3_d53_8xb8-ms-608-273e_coco.py', _FULL),
}

_NETWORK = 'centerness-network'
_HEAD = 'model.bbox_head.type'
_SOURCE = 'model.bbox_head.centerness.source'

#: The plain test of an experiment has its name; the others differ from training.
TESTS = {
    **{name: Test(name) for name in EXPERIMENTS if name != _NETWORK},
    'fcos': Test('fcos', {'model.bbox_head.postprocess.type': 'LocatedPostProcessor'}),
    'fcos:none': Test('fcos', {_SOURCE: 'none'}),
    'fcos:predicted_box': Test('fcos', {_SOURCE: 'predicted_box'}),
    'fcos:oracle': Test('fcos', {_HEAD: 'OracleFCOSHead'}),
    'fcos:oracle_of_positives': Test('fcos', {_HEAD: 'OracleOfPositivesFCOSHead'}),
    **{f'{name}:network': Test(name, ranking=_NETWORK)
       for name in ('fcos_no-centerness', 'fcos', 'retinanet', 'retinanet_gn')},
}


def check_scale(experiment: str, scale: str) -> None:
    """Raise a ``UserError`` if an experiment does not exist at a scale."""
    scales = EXPERIMENTS[experiment].scales
    if scale not in scales:
        raise UserError(f'{experiment} exists at --scale {" and ".join(scales)} only, not at '
                        f'{scale}: it is a large network for all of COCO.')
