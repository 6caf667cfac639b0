"""Checkpoints of torchvision's ``fcos_resnet50_fpn`` and of its FCOS on other ResNets, and back.

Its outputs are numbered from 0, the background, which is never learned as a class; its published
model has COCO's category ids, 0 to 90, of which 80 are used. Rows without a class are left out here
and kept beside the weights for the way back.
"""
from collections.abc import Mapping

import torch
from mmdet.datasets import CocoDataset
from torch import Tensor

from fcos_mm.checkpoints.class_rows import classes_in
from fcos_mm.checkpoints.convert.differences import difference
from fcos_mm.checkpoints.convert.pipelines import testing_steps
from fcos_mm.checkpoints.convert.renaming import Rule, rename
from fcos_mm.checkpoints.convert.resnet import output_channels, resnet_settings
from fcos_mm.checkpoints.convert.source import Converted, Source, Weights, Written
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

BASE = 'fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco'

_TOWERS = (('classification_head', 'cls'), ('regression_head', 'reg'))
_LAYERS = 8  # more than the layers of a tower
_RULES: tuple[Rule, ...] = (
    (r'backbone\.body\.(.+)', r'backbone.\1'),
    # since 0.13 a layer of the FPN is a sequence of one
    (r'backbone\.fpn\.inner_blocks\.(\d+)\.(?:0\.)?(weight|bias)',
     r'neck.lateral_convs.\1.conv.\2'),
    (r'backbone\.fpn\.layer_blocks\.(\d+)\.(?:0\.)?(weight|bias)',
     r'neck.fpn_convs.\1.conv.\2'),
    (r'backbone\.fpn\.extra_blocks\.p6\.(weight|bias)', r'neck.fpn_convs.3.conv.\1'),
    (r'backbone\.fpn\.extra_blocks\.p7\.(weight|bias)', r'neck.fpn_convs.4.conv.\1'),
    (r'head\.classification_head\.cls_logits\.(weight|bias)', r'bbox_head.conv_cls.\1'),
    (r'head\.regression_head\.bbox_reg\.(weight|bias)', r'bbox_head.conv_reg.\1'),
    (r'head\.regression_head\.bbox_ctrness\.(weight|bias)', r'bbox_head.conv_centerness.\1'),
    # each convolution of a tower is followed by its normalisation and a ReLU
    *((rf'head\.{theirs}\.conv\.{3 * layer + place}\.(weight|bias)',
       rf'bbox_head.{ours}_convs.{layer}.{kind}.\1')
      for theirs, ours in _TOWERS for layer in range(_LAYERS)
      for place, kind in enumerate(('conv', 'gn'))))
_BACK_RULES: tuple[Rule, ...] = (
    (r'backbone\.(.+)', r'backbone.body.\1'),
    (r'neck\.lateral_convs\.(\d+)\.conv\.(weight|bias)', r'backbone.fpn.inner_blocks.\1.0.\2'),
    (r'neck\.fpn_convs\.([012])\.conv\.(weight|bias)', r'backbone.fpn.layer_blocks.\1.0.\2'),
    (r'neck\.fpn_convs\.3\.conv\.(weight|bias)', r'backbone.fpn.extra_blocks.p6.\1'),
    (r'neck\.fpn_convs\.4\.conv\.(weight|bias)', r'backbone.fpn.extra_blocks.p7.\1'),
    (r'bbox_head\.conv_cls\.(weight|bias)', r'head.classification_head.cls_logits.\1'),
    (r'bbox_head\.conv_reg\.(weight|bias)', r'head.regression_head.bbox_reg.\1'),
    (r'bbox_head\.conv_centerness\.(weight|bias)', r'head.regression_head.bbox_ctrness.\1'),
    (r'bbox_head\.scales\..*', None),
    *((rf'bbox_head\.{ours}_convs\.{layer}\.{kind}\.(weight|bias)',
       rf'head.{theirs}.conv.{3 * layer + place}.\1')
      for theirs, ours in _TOWERS for layer in range(_LAYERS)
      for place, kind in enumerate(('conv', 'gn'))))

_COCO = tuple(CocoDataset.METAINFO['classes'])
#: Category ids of COCO's 80 classes, in their order: rows of the published classifier.
COCO_ROWS = tuple(index for index in range(1, 91)
                  if index not in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83))
_OUTPUTS = 91
_CLASSIFIER = ('bbox_head.conv_cls.weight', 'bbox_head.conv_cls.bias')
_NEVER = -20.0  # logit of a row that has no class: a score of 2e-9
_STRIDES = (8, 16, 32, 64, 128)


def _recognise(weights: Weights) -> bool:
    return all(name in weights for name in (
        'backbone.body.conv1.weight', 'head.classification_head.cls_logits.weight',
        'head.regression_head.bbox_ctrness.weight'))


def _read(weights: Weights, extra: Mapping, variant: str | None) -> Converted:
    """Rename the weights; numerics and preprocessing are torchvision's defaults.

    Raises:
        UserError: If names are left over, or the backbone is not a ResNet.
    """
    ours = rename(weights, _RULES, 'torchvision')
    rows, classes, note = _rows(ours[_CLASSIFIER[0]].size(0))
    left_out = {name: ours[name][_others(rows, len(ours[name]))].clone() for name in _CLASSIFIER}
    ours.update({name: ours[name][list(rows)] for name in _CLASSIFIER})
    ours.update({f'bbox_head.scales.{level}.scale': torch.tensor(1.)
                 for level in range(len(_STRIDES))})
    settings = dict(model=_model(ours), **_pipelines())
    notes = (note, 'Sizes of the input (800, at most 1333), mean, deviation, thresholds and NMS '
             "are torchvision's defaults.")
    return Converted(ours, BASE, settings, classes, notes, left_out)


def _rows(outputs: int) -> tuple[tuple[int, ...], tuple[str, ...] | None, str]:
    """The rows that are classes, their names if they are known, and a line for the screen."""
    if outputs == _OUTPUTS:
        return COCO_ROWS, _COCO, ("91 outputs, COCO's category ids: the 80 that have a class are "
                                  'taken.')
    if outputs < 2:
        raise UserError('The classifier has one output, the background, and no class.')
    return tuple(range(1, outputs)), None, (f'{outputs} outputs: the first, the background, is '
                                            'left out.')


def _others(rows: tuple[int, ...], outputs: int) -> list[int]:
    return sorted(set(range(outputs)) - set(rows))


def _model(weights: Weights) -> dict:
    """What differs from the model of :data:`BASE`."""
    first = weights['bbox_head.cls_convs.0.conv.weight']
    stacked = len({name.split('.')[2] for name in weights
                   if name.startswith('bbox_head.cls_convs.')})
    base = load_config(BASE).model.to_dict()
    backbone = {key: base['backbone'][key] for key in (
        'num_stages', 'out_indices', 'frozen_stages', 'norm_cfg', 'norm_eval')}
    backbone.update(resnet_settings(weights), style='pytorch', init_cfg=None)
    channels = output_channels(weights)
    from_c5 = weights['neck.fpn_convs.3.conv.weight'].size(1) != first.size(1)
    head = base['bbox_head']
    wanted = dict(
        data_preprocessor={**base['data_preprocessor'], 'mean': [123.675, 116.28, 103.53],
                           'std': [58.395, 57.12, 57.375], 'bgr_to_rgb': True},
        backbone=backbone,
        neck={**base['neck'], 'in_channels': channels, 'out_channels': first.size(1),
              'add_extra_convs': 'on_input' if from_c5 else 'on_output'},
        bbox_head={
            **head, 'num_classes': weights[_CLASSIFIER[0]].size(0), 'in_channels': first.size(1),
            'feat_channels': first.size(0), 'stacked_convs': stacked, 'location_offset': 'zero',
            'location_spacing': 'input',
            'assigner': {**head['assigner'], 'range_bounds': 'strict'},
            'loss': {**head['loss'], 'loss_bbox': {**head['loss']['loss_bbox'], 'eps': 1e-7}},
            'postprocess': {**head['postprocess'], 'score': 'sqrt', 'threshold_on': 'score'}},
        test_cfg=dict(nms_pre=1000, min_bbox_size=-1, score_thr=0.2, max_per_img=100,
                      nms=dict(type='nms', iou_threshold=0.6)))
    return difference(base, wanted)


def _pipelines() -> dict:
    """Images are resized as float32 by torch, their sides rounded down."""
    resize = dict(scale=(1333, 800), keep_ratio=True, interpolation='bilinear', backend='torch',
                  rounding='torchvision')
    test = testing_steps(resize, load=dict(to_float32=True))
    loading, resizing, boxes, _ = test
    train = [loading, boxes, resizing, dict(type='RandomFlip', prob=0.5),
             dict(type='PackDetInputs')]
    return dict(train_pipeline=train, test_pipeline=test,
                **{f'{split}_dataloader': dict(dataset=dict(pipeline=steps)) for split, steps in (
                    ('train', train), ('val', test), ('test', test))})


def _write(weights: Weights, config: Mapping, extra: Mapping) -> Written:
    """Our weights by torchvision's names, with its rows of the classifier.

    Raises:
        UserError: If a weight has no place there.
    """
    scales = {name: value for name, value in weights.items() if name.startswith('bbox_head.scales')}
    learned = [name for name, value in scales.items() if value.item() != 1]
    if learned:
        raise UserError(f'{learned[0]} is {scales[learned[0]].item():.3g}: torchvision has no '
                        'factors per level, so the checkpoint cannot be converted.')
    theirs = rename(weights, _BACK_RULES, 'To torchvision')
    classes = classes_in(extra) or ()
    number = weights[_CLASSIFIER[0]].size(0)
    rows = COCO_ROWS if classes == _COCO else tuple(range(1, number + 1))
    outputs = _OUTPUTS if classes == _COCO else number + 1
    kept = ((extra.get('meta') or {}).get('converted') or {}).get('left_out') or {}
    for name, kind in zip(_CLASSIFIER, ('weight', 'bias')):
        theirs[f'head.classification_head.cls_logits.{kind}'] = _filled(
            weights[name], rows, outputs, kept.get(name), 0. if kind == 'weight' else _NEVER)
    return Written(theirs)


def _filled(values: Tensor, rows: tuple[int, ...], outputs: int, kept: Tensor | None,
            otherwise: float) -> Tensor:
    """The rows at their places; the others are those of the source, or never a detection."""
    full = values.new_full((outputs, *values.shape[1:]), otherwise)
    full[list(rows)] = values
    others = _others(rows, outputs)
    if kept is not None and len(kept) == len(others):
        full[others] = kept.to(full)
    return full


TORCHVISION = Source(
    name='torchvision', title='torchvision fcos_resnet50_fpn', recognise=_recognise, read=_read,
    write=_write)
