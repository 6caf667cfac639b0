"""Our FCOS as a checkpoint and config of mmdet 3."""
from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.registry import MODELS as MMDET_MODELS
from mmengine.config import Config

from fcos_mm.checkpoints.class_rows import classes_in
from fcos_mm.checkpoints.convert.source import Weights, Written
from fcos_mm.config.datasets import first_dataset
from fcos_mm.errors import UserError

_KEPT = ('num_classes', 'in_channels', 'feat_channels', 'stacked_convs', 'strides', 'conv_bias',
         'norm_cfg', 'dcn_on_last_conv')
_INF = 1e8  # mmdet's upper end of the last regress range
_GIOU = 'smoothed_giou'


def write(weights: Weights, config: Mapping, extra: Mapping) -> Written:
    """Our weights and config as mmdet's; names of weights are the same.

    What differs in the numerics is not checked here: the caller converts back and compares.

    Raises:
        UserError: If a component has no equivalent.
    """
    model = config['model']
    for name in ('backbone', 'neck'):
        kind = _plain(model[name]['type'])
        if MMDET_MODELS.get(f'mmdet.{kind}') is None and kind not in MMDET_MODELS.module_dict:
            raise UserError(f'model.{name}.type={kind} does not exist in mmdet, so the checkpoint '
                            'cannot be converted.')
    theirs = dict(
        default_scope='mmdet',
        model=dict(
            type='FCOS',
            data_preprocessor={**model['data_preprocessor'], 'type': 'DetDataPreprocessor'},
            backbone={**_unscoped(model['backbone']), 'init_cfg': None},
            neck=_unscoped(model['neck']), bbox_head=_head(model['bbox_head']),
            test_cfg=dict(model['test_cfg'])),
        **_data(config, extra))
    text = Config(theirs).pretty_text
    classes = classes_in(extra)
    meta = dict(cfg=text, dataset_meta=dict(classes=classes) if classes else {})
    return Written(dict(weights), dict(meta=meta), text)


def _head(head: Mapping) -> dict:
    quality, assigner = head.get('centerness') or {}, head.get('assigner') or {}
    kind = _plain(quality.get('type', 'Centerness'))
    if kind != 'Centerness':
        raise UserError(f'model.bbox_head.centerness.type={kind} does not exist in mmdet, so the '
                        'checkpoint cannot be converted.')
    radius, loss = assigner.get('center_sampling_radius'), head.get('loss') or {}
    theirs = dict(
        type='FCOSHead', **{key: head[key] for key in _KEPT if key in head},
        norm_on_bbox=head.get('regression') == 'relu',
        centerness_on_reg=quality.get('position') == 'reg',
        center_sampling=radius is not None,
        loss_cls=_class_loss(loss.get('loss_cls') or dict(type='SigmoidFocalLoss')),
        loss_bbox=_box_loss(loss.get('loss_bbox') or dict(type='LTRBIoULoss')),
        loss_centerness=_unscoped(loss.get('loss_centerness') or dict(
            type='CrossEntropyLoss', use_sigmoid=True)))
    if radius is not None:
        theirs.update(center_sample_radius=radius)
    if 'regress_ranges' in assigner:
        theirs.update(regress_ranges=tuple(
            (low or -1, _INF if high is None or high >= _INF else high)
            for low, high in assigner['regress_ranges']))
    return theirs


def _class_loss(loss: Mapping) -> dict:
    if _plain(loss['type']) == 'SigmoidFocalLoss':
        return {**loss, 'type': 'FocalLoss', 'use_sigmoid': True}
    return _unscoped(loss)


def _box_loss(loss: Mapping) -> dict:
    if _plain(loss['type']) != 'LTRBIoULoss':
        return _unscoped(loss)
    kind = 'GIoULoss' if loss.get('form') == _GIOU else 'IoULoss'
    return dict({key: value for key, value in loss.items() if key != 'form'}, type=kind)


def _data(config: Mapping, extra: Mapping) -> dict:
    """The test pipeline, and the data set that mmdet's ``test.py`` reads."""
    given = first_dataset(config.get('test_dataloader')) or {}
    pipeline = [_step(step) for step in given.get('pipeline') or ()]
    dataset = {key: given[key] for key in ('data_root', 'ann_file', 'data_prefix', 'metainfo')
               if given.get(key) is not None}
    classes = classes_in(extra)
    if classes:
        dataset['metainfo'] = dict(dataset.get('metainfo') or {}, classes=classes)
    loader = dict(batch_size=1, num_workers=2, sampler=dict(type='DefaultSampler', shuffle=False),
                  dataset=dict(type='CocoDataset', test_mode=True, **dataset, pipeline=pipeline))
    return dict(test_pipeline=pipeline, test_dataloader=loader, test_cfg=dict(type='TestLoop'),
                test_evaluator=dict(type='CocoMetric', metric='bbox'),
                visualizer=dict(type='DetLocalVisualizer', name='visualizer'))


def _step(step: Mapping) -> dict:
    step = _unscoped(step)
    if step['type'] == 'Resize':
        if step.get('backend') == 'torch' or step.get('rounding', 'nearest') != 'nearest':
            setting = {key: step[key] for key in ('backend', 'rounding') if key in step}
            raise UserError(f'The test pipeline resizes with {setting}, which mmdet does not have, '
                            'so the checkpoint cannot be converted.\nTake its resizing, which '
                            'changes the pixels a little: --cfg-options '
                            'test_dataloader.dataset.pipeline.INDEX.backend=cv2 (and '
                            '...rounding=nearest).')
        step.pop('rounding', None)
    return step


def _unscoped(part: Any) -> dict:
    """A copy with types without scope, as mmdet's configs have them."""
    if isinstance(part, Mapping):
        return {key: _plain(value) if key == 'type' else _unscoped(value)
                for key, value in part.items()}
    if isinstance(part, Sequence) and not isinstance(part, str):
        return type(part)(map(_unscoped, part)) if type(part) in (list, tuple) else list(part)
    return part


def _plain(kind: object) -> str:
    return str(kind).removeprefix('mmdet.').removeprefix('fcos_mm.')
