"""Checkpoints of mmdet's FCOS, versions 1 to 3, and back to version 3."""
from collections.abc import Mapping

from fcos_mm.checkpoints.class_rows import classes_in
from fcos_mm.checkpoints.convert.mmdet_config import BASE, our_settings, recorded_settings
from fcos_mm.checkpoints.convert.mmdet_writing import write
from fcos_mm.checkpoints.convert.renaming import Rule, rename
from fcos_mm.checkpoints.convert.resnet import output_channels, resnet_settings
from fcos_mm.checkpoints.convert.source import Converted, Source, Weights
from fcos_mm.errors import UserError

# mmdet 1 and 2.0 called the predictors fcos_*, and put offsets beside deformable convolutions.
_RULES: tuple[Rule, ...] = (
    (r'bbox_head\.(?:fcos|conv)_(cls|reg|centerness)\.(weight|bias)', r'bbox_head.conv_\1.\2'),
    (r'(backbone\..+\.conv\d)_offset\.(weight|bias)', r'\1.conv_offset.\2'),
    (r'(bbox_head\.(?:cls|reg)_convs\.\d+\.conv)_offset\.(weight|bias)', r'\1.conv_offset.\2'),
    (r'((?:backbone|neck)\..+|bbox_head\.(?:(?:cls|reg)_convs|scales)\..+)', r'\1'))

_CAFFE = dict(
    style='caffe', mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0], bgr_to_rgb=False)
_PYTORCH = dict(
    style='pytorch', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True)
_VARIANTS = {
    'caffe': (_CAFFE, False),
    'caffe-improved': ({**_CAFFE, 'mean': [103.53, 116.28, 123.675]}, True),
    'pytorch': (_PYTORCH, False),
    'pytorch-improved': (_PYTORCH, True)}
VARIANTS = {
    'caffe': 'r50-caffe and r101-caffe with gn-head, and with -center, which is of training alone',
    'caffe-improved': 'r50-caffe and r50-dcn-caffe with center-normbbox-centeronreg-giou',
    'pytorch': 'x101-64x4d with gn-head: RGB, mean and deviation of ImageNet',
    'pytorch-improved': 'r18, r50 and r101 with center-normbbox-centeronreg-giou and lsj-200e'}
_NEEDED = ('bbox_head.cls_convs.0.conv.weight', 'bbox_head.reg_convs.0.conv.weight',
           'bbox_head.scales.0.scale')


def _recognise(weights: Weights) -> bool:
    predictors = any(f'bbox_head.{name}_centerness.weight' in weights for name in ('conv', 'fcos'))
    return predictors and all(name in weights for name in _NEEDED)


def _read(weights: Weights, extra: Mapping, variant: str | None) -> Converted:
    """Rename the weights and take the recorded config over.

    Raises:
        UserError: If names are left over, the config has no equivalent, or there is none and no
            variant is given.
    """
    renamed = rename(weights, _RULES, 'mmdet')
    rows = renamed['bbox_head.conv_cls.weight'].size(0)
    recorded = recorded_settings(extra)
    notes = []
    if variant is None and recorded is None:
        raise UserError('The checkpoint has no config of its training.\nGive it: --config FILE, '
                        'or say what it was trained with: --variant ' + '|'.join(_VARIANTS))
    if variant is None:
        notes.append('Numerics, preprocessing and test settings are those of the config in it.')
    else:
        recorded = _assumed(renamed, variant)
        notes.append(f'Numerics and preprocessing are those of --variant {variant}.')
    return Converted(renamed, BASE, our_settings(recorded, rows), _classes(extra, rows),
                     tuple(notes))


def _classes(extra: Mapping, rows: int) -> tuple[str, ...] | None:
    names = classes_in(extra)
    return names if names and len(names) == rows else None


def _assumed(weights: Weights, variant: str) -> dict:
    """The config of a published model, with depth, widths and the like from the shapes."""
    if variant not in _VARIANTS:
        raise UserError(f'--variant {variant}: mmdet has {", ".join(_VARIANTS)}.')
    images, improved = _VARIANTS[variant]
    images = dict(images)
    first = weights['bbox_head.cls_convs.0.conv.weight']
    stacked = len({name.split('.')[2] for name in weights
                   if name.startswith('bbox_head.cls_convs.')})
    levels = sum(name.startswith('bbox_head.scales.') for name in weights)
    tricks = dict(norm_on_bbox=True, centerness_on_reg=True, center_sampling=True,
                  loss_bbox=dict(type='GIoULoss', loss_weight=1.0))
    backbone = dict(
        num_stages=4, out_indices=(0, 1, 2, 3), frozen_stages=1, norm_eval=True,
        norm_cfg=dict(type='BN', requires_grad=images['style'] == 'pytorch'),
        style=images.pop('style'), **resnet_settings(weights))
    head = dict(
        type='FCOSHead', in_channels=first.size(1), feat_channels=first.size(0),
        stacked_convs=stacked, strides=tuple(8 * 2**level for level in range(levels)),
        conv_bias='bbox_head.cls_convs.0.conv.bias' in weights,
        dcn_on_last_conv=f'bbox_head.cls_convs.{stacked - 1}.conv.conv_offset.weight' in weights,
        **(tricks if improved else {}))
    return dict(
        model=dict(
            type='FCOS',
            data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32, **images),
            backbone=backbone,
            neck=dict(type='FPN', in_channels=output_channels(weights),
                      out_channels=first.size(1), start_level=1, add_extra_convs='on_output',
                      num_outs=levels, relu_before_extra_convs=True),
            bbox_head=head,
            test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05, max_per_img=100,
                          nms=dict(type='nms', iou_threshold=0.6 if improved else 0.5))),
        test_pipeline=[dict(type='Resize', scale=(1333, 800), keep_ratio=True)])


MMDET = Source(
    name='mmdet', title='mmdet FCOS', recognise=_recognise, read=_read, variants=VARIANTS,
    write=write)
