"""Checkpoints of detectron2's FCOS."""
from collections.abc import Mapping

import torch

from fcos_mm.checkpoints.convert.detectron2_head import Tower, read_tower
from fcos_mm.checkpoints.convert.detectron2_resnet import (
    FPN_RULES,
    RESNET_RULES,
    count_levels,
    fpn_settings,
    needed,
    resnet_settings,
)
from fcos_mm.checkpoints.convert.renaming import Rule, rename
from fcos_mm.checkpoints.convert.resnet import output_channels
from fcos_mm.checkpoints.convert.source import Converted, Source, Weights
from fcos_mm.errors import UserError

_CONFIG = 'fcos_r50-caffe_fpn_gn-head_detectron2_ms-640-800-1x_coco'
_COCO = 80
_LEVELS = 5
_AVERAGE, _INITIAL = 'bbox_head.criterion.num_pos.average', 300.
_NOTES = (
    'Assumed, as the weights do not tell: BGR images, resized to 1333 x 800 at most, with the mean '
    'and deviation of the published config.',
    'Assumed: ResNet has its strides in 1x1 convolutions (stride_in_1x1), ResNeXt in 3x3 ones.')


def _recognise(weights: Weights) -> bool:
    return {'head.ctrness.weight', 'head.cls_subnet.0.weight'} <= set(weights)


def _read(weights: Weights, extra: Mapping, variant: str | None) -> Converted:
    towers = {ours: read_tower(weights, f'head.{theirs}.', f'bbox_head.{ours}_convs.')
              for ours, theirs in (('cls', 'cls_subnet'), ('reg', 'bbox_subnet'))}
    ours = rename(weights, _rules(towers), 'detectron2')
    ours[_AVERAGE] = torch.tensor(_INITIAL)  # its checkpoints do not hold it
    if count_levels(ours) != _LEVELS:
        raise UserError(f'detectron2: the FPN makes {count_levels(ours)} levels.\nOnly detectors '
                        f'with P3 to P7, P6 from P5, can be converted.')
    model = dict(backbone=resnet_settings(ours, 'detectron2'),
                 neck=fpn_settings(ours, output_channels(ours), 'detectron2'),
                 bbox_head=_head(ours, towers))
    settings = {'model': {name: part for name, part in model.items() if part}}
    return Converted(ours, _CONFIG, settings, notes=_NOTES)


def _rules(towers: Mapping[str, Tower]) -> list[Rule]:
    return [
        *RESNET_RULES, *FPN_RULES, *(rule for tower in towers.values() for rule in tower.rules),
        (r'head\.cls_score\.(weight|bias)', r'bbox_head.conv_cls.\1'),
        (r'head\.bbox_pred\.(weight|bias)', r'bbox_head.conv_reg.\1'),
        (r'head\.ctrness\.(weight|bias)', r'bbox_head.conv_centerness.\1'),
        (r'pixel_mean|pixel_std|anchor_generator\.cell_anchors\.\d+', None)]


def _head(ours: Weights, towers: Mapping[str, Tower]) -> dict:
    """What differs from the preset."""
    cls, reg = towers['cls'], towers['reg']
    if (cls.convs, cls.norm) != (reg.convs, reg.norm) or cls.norm == 'BN':
        raise UserError('detectron2: the towers are not alike, or have batch normalisation.\n'
                        'Only heads with norm="GN" or none can be converted.')
    settings = {}
    classes, channels = needed(ours, 'bbox_head.conv_cls.weight', 'detectron2').shape[:2]
    if classes != _COCO:
        settings['num_classes'] = classes
    if channels != 256:
        settings.update(in_channels=channels, feat_channels=channels)
    if cls.convs != 4:
        settings['stacked_convs'] = cls.convs
    if cls.norm is None:
        settings['norm_cfg'] = None
    return settings


DETECTRON2 = Source(
    name='detectron2', title='detectron2 FCOS', recognise=_recognise, read=_read)
