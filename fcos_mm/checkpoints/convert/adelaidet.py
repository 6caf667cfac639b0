"""Checkpoints of AdelaiDet's FCOS, also of its real-time models."""
import math
from collections.abc import Iterator, Mapping

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
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.errors import UserError

_HEAD = 'proposal_generator.fcos_head.'
_CONFIG = 'fcos_r50-caffe_fpn_gn-head_adelaidet_1x_coco'
_REAL_TIME = 'fcos-rt_{}_fpn_{}-head{}_ms-256-608-4x_coco'
_VARIANTS = {
    'centerness': "the quality of a box is its center-ness (BOX_QUALITY 'ctrness')",
    'iou': "the quality of a box is its IoU (BOX_QUALITY 'iou', the models named *_iou)"}
_TOWERS = dict(cls='cls_tower', reg='bbox_tower', shared='share_tower')
_ENDS = (64, 128, 256, 512)  # of the regress ranges
_COCO = 80
#: (groups, channels of each) of ResNeXt -> deviations that the backbone was trained with.
_DEVIATIONS = {(32, 8): [57.375, 57.12, 58.395]}
_MEAN, _STD = [103.53, 116.28, 123.675], [1., 1., 1.]
#: The projections of DLA-34's higher trees reach no output.
_DLA_RULES: tuple[Rule, ...] = (
    (r'backbone\.bottom_up\.level[34]\.project\..*', None),
    (r'backbone\.bottom_up\.(base_layer|level\d)\.(.*)', r'backbone.\1.\2'))


def _recognise(weights: Weights) -> bool:
    return f'{_HEAD}ctrness.weight' in weights


def _read(weights: Weights, extra: Mapping, variant: str | None) -> Converted:
    if variant not in _VARIANTS:
        choices = '\n'.join(f'  --variant {name}: {text}' for name, text in _VARIANTS.items())
        raise UserError('adelaidet: the names of the weights do not tell what the quality of a box '
                        f'is.\nSay it:\n{choices}')
    towers = {ours: read_tower(weights, f'{_HEAD}{theirs}.', f'bbox_head.{ours}_convs.')
              for ours, theirs in _TOWERS.items()}
    ours = {name: value.reshape(()) if name.endswith('.scale') else value
            for name, value in rename(weights, _rules(towers, variant), 'adelaidet').items()}
    real_time = count_levels(ours) == 3
    model = dict(backbone=_backbone(ours), neck=_neck(ours), bbox_head=_head(ours, towers, variant))
    settings = {'model': {name: part for name, part in model.items() if part}}
    preprocessing = _preprocessing(weights, ours)
    if preprocessing:
        settings['model']['data_preprocessor'] = preprocessing
    config = _config(ours, towers) if real_time else _CONFIG
    return Converted(ours, config, settings, notes=tuple(_notes(weights, ours, real_time)))


def _rules(towers: Mapping[str, Tower], variant: str) -> list[Rule]:
    head = r'proposal_generator\.fcos_head\.'
    return [
        *RESNET_RULES, *_DLA_RULES, *FPN_RULES,
        *(rule for tower in towers.values() for rule in tower.rules),
        (rf'{head}cls_logits\.(weight|bias)', r'bbox_head.conv_cls.\1'),
        (rf'{head}bbox_pred\.(weight|bias)', r'bbox_head.conv_reg.\1'),
        (rf'{head}ctrness\.(weight|bias)', rf'bbox_head.conv_{variant}.\1'),
        (rf'{head}scales\.(\d+)\.scale', r'bbox_head.scales.\1.scale'),
        ('pixel_mean|pixel_std', None)]


def _is_dla(ours: Weights) -> bool:
    return 'backbone.base_layer.0.weight' in ours


def _backbone(ours: Weights) -> dict:
    if not _is_dla(ours):
        return resnet_settings(ours, 'adelaidet')
    base = ours['backbone.base_layer.0.weight'].size(0)
    return dict(_delete_=True, type='DLA', depth=34, base_channels=base, out_indices=(1, 2, 3),
                init_cfg=None)


def _neck(ours: Weights) -> dict:
    if not _is_dla(ours):
        return fpn_settings(ours, output_channels(ours), 'adelaidet')
    base = ours['backbone.base_layer.0.weight'].size(0)
    return dict(fpn_settings(ours, [8 * base, 16 * base, 32 * base], 'adelaidet'), start_level=0)


def _head(ours: Weights, towers: Mapping[str, Tower], variant: str) -> dict:
    """What differs from the preset: all of the towers in real-time models, whose configs do."""
    cls, reg, shared = (towers[name] for name in ('cls', 'reg', 'shared'))
    norm = shared.norm if shared.convs else cls.norm
    if (cls.convs, cls.norm, cls.deformable) != (reg.convs, reg.norm, reg.deformable):
        raise UserError('adelaidet: the tower of classes and the tower of boxes are not alike.\n'
                        'Only heads with NUM_CLS_CONVS = NUM_BOX_CONVS can be converted.')
    levels = count_levels(ours)
    classes, channels = needed(ours, 'bbox_head.conv_cls.weight', 'adelaidet').shape[:2]
    settings = {}
    if classes != _COCO:
        settings['num_classes'] = classes
    if channels != 256:
        settings.update(in_channels=channels, feat_channels=channels)
    if levels != 5:
        settings.update(
            strides=tuple(8 << level for level in range(levels)),
            assigner=dict(regress_ranges=tuple(zip((0, *_ENDS), (*_ENDS[:levels - 1], None)))))
    if levels == 3 or (cls.convs, shared.convs) != (4, 0):
        settings.update(stacked_convs=cls.convs, shared_convs=shared.convs)
    if norm is None:
        settings['norm_cfg'] = None
    if norm == 'BN':
        settings.update(norm_cfg=dict(_delete_=True, type='BN'), norm_per_level=True)
    if cls.deformable:
        settings['dcn_on_last_conv'] = True
    if 'bbox_head.scales.0.scale' not in ours:
        settings['scale'] = False
    if variant == 'iou':
        settings.update(
            centerness=dict(_delete_=True, type='IoUQuality', position='reg', smoothed=True),
            loss=dict(bbox_weight='none'))
    return settings


def _preprocessing(weights: Weights, ours: Weights) -> dict:
    """Mean and deviation: old checkpoints hold them, otherwise those of the published configs."""
    usual = dict(mean=_MEAN, std=_STD)
    found = dict(usual)
    inner = ours.get('backbone.layer1.0.conv2.weight')
    if inner is not None:
        groups = inner.size(0) // inner.size(1)
        found['std'] = _DEVIATIONS.get((groups, inner.size(1)), _STD)
    for name in usual:
        if f'pixel_{name}' in weights:
            values = weights[f'pixel_{name}'].flatten().tolist()
            found[name] = [float(f'{value:.7g}') for value in values]
    return {name: values for name, values in found.items()
            if not all(map(math.isclose, values, usual[name]))}


def _config(ours: Weights, towers: Mapping[str, Tower]) -> str:
    """The config of a real-time model, or of the most similar one."""
    backbone = 'dla34' if _is_dla(ours) else 'r50-caffe'
    shared = '-shared' if towers['shared'].convs else ''
    norms = {tower.norm for tower in towers.values() if tower.convs}
    name = _REAL_TIME.format(backbone, 'bn' if 'BN' in norms else 'gn', shared)
    return name if name in shipped_configs() else _REAL_TIME.format(backbone, 'gn', '')


def _notes(weights: Weights, ours: Weights, real_time: bool) -> Iterator[str]:
    size = '736 x 512' if real_time else '1333 x 800'
    yield f'Assumed, as the weights do not tell: images are resized to {size} at most.'
    if 'pixel_std' not in weights:
        yield 'Assumed: BGR images, with mean and deviation of the published configs.'
    if not _is_dla(ours):
        yield ('Assumed: ResNet has its strides in 1x1 convolutions (STRIDE_IN_1X1), ResNeXt in '
               '3x3 ones.')


ADELAIDET = Source(
    name='adelaidet', title='AdelaiDet FCOS', recognise=_recognise, read=_read,
    variants=_VARIANTS)
