"""A config of mmdet's FCOS, of version 1, 2 or 3, as one of ours.

mmdet 3 has ``model.data_preprocessor`` and a flat test pipeline; mmdet 2 normalises in
``MultiScaleFlipAug`` and could have ``test_cfg`` beside ``model``.
"""
from collections.abc import Mapping, Sequence
from functools import lru_cache

from mmengine.config import Config

from fcos_mm.checkpoints.convert.differences import difference, same
from fcos_mm.checkpoints.convert.pipelines import testing_steps
from fcos_mm.config import load_config
from fcos_mm.config.literals import read_settings
from fcos_mm.errors import UserError

#: The shipped config with mmdet's numerics.
BASE = 'fcos_r50-caffe_fpn_gn-head_mmdet_1x_coco'

# Of mmdet's FCOSHead, what it has by default where ours has another default or none.
_HEAD = dict(
    feat_channels=256, stacked_convs=4, strides=(4, 8, 16, 32, 64), dcn_on_last_conv=False,
    conv_bias='auto', conv_cfg=None, cls_predictor_cfg=None, bbox_coder=None,
    regress_ranges=((-1, 64), (64, 128), (128, 256), (256, 512), (512, 1e8)),
    center_sampling=False, center_sample_radius=1.5, norm_on_bbox=False, centerness_on_reg=False,
    norm_cfg=dict(type='GN', num_groups=32, requires_grad=True), loss_cls=dict(type='FocalLoss'),
    loss_bbox=dict(type='IoULoss'), loss_centerness=dict(type='CrossEntropyLoss',
                                                         use_sigmoid=True))
_IGNORED = {'type', 'num_classes', 'in_channels', 'train_cfg', 'test_cfg', 'init_cfg'}
_MODEL = {'type', 'backbone', 'neck', 'bbox_head', 'data_preprocessor', 'train_cfg', 'test_cfg',
          'init_cfg', 'pretrained'}
_CODERS = (None, dict(type='DistancePointBBoxCoder'),
           dict(type='DistancePointBBoxCoder', clip_border=True))
_NO_EFFECT = {'backend_args', 'file_client_args'}  # of loading steps: where files are read from


def recorded_settings(extra: Mapping, path: str = 'The file') -> dict | None:
    """The config that mmdet recorded in a checkpoint; None if it has none.

    Args:
        extra: What the checkpoint holds beside weights.
        path: The checkpoint, for the message.

    Raises:
        UserError: If it does more than set values.
    """
    meta = extra.get('meta') or {}
    text = next((meta[key] for key in ('cfg', 'mmdet_2_config', 'config')
                 if isinstance(meta.get(key), str)), None)
    if text is None:
        return None
    try:
        return read_settings(text)
    except (SyntaxError, ValueError) as error:
        raise UserError(f'{path}: the config recorded in it is not read, because it could run '
                        f'code: {error}.\nGive the config of the training: --config FILE.'
                        ) from error


def our_settings(theirs: Mapping, num_classes: int) -> dict:
    """The settings that differ from the config :data:`BASE`.

    Args:
        theirs: A whole config of mmdet.
        num_classes: Rows of the classifier.

    Raises:
        UserError: If it is no FCOS, or has settings without an equivalent.
    """
    model = theirs.get('model') or {}
    kind = _plain(model.get('type'))
    if kind != 'FCOS' or _plain(_part(model, 'bbox_head').get('type')) != 'FCOSHead':
        raise UserError(f'The config describes {kind} with '
                        f'{_part(model, "bbox_head").get("type")}, not FCOS with FCOSHead. '
                        'Only FCOS can be converted.')
    _refuse('model.', set(model) - _MODEL)
    base = _base()
    steps = _test_steps(theirs)
    wanted = dict(
        type='FCOS',
        data_preprocessor=_preprocessor(model, steps),
        backbone={**_part(model, 'backbone'), 'init_cfg': None},
        neck={**_part(model, 'neck'), 'init_cfg': base.model.neck.init_cfg.to_dict()},
        bbox_head=_head(_part(model, 'bbox_head'), base.model.bbox_head.to_dict(), num_classes),
        test_cfg=_test_cfg(model, theirs))
    settings = dict(model=difference(base.model.to_dict(), wanted))
    pipeline = _pipeline(steps)
    if not same(pipeline, _pipeline(base.test_pipeline)):
        settings.update(test_pipeline=pipeline,
                        val_dataloader=dict(dataset=dict(pipeline=pipeline)),
                        test_dataloader=dict(dataset=dict(pipeline=pipeline)))
    return settings


@lru_cache
def _base() -> Config:
    return load_config(BASE)


def _head(given: Mapping, base: dict, num_classes: int) -> dict:
    _refuse('model.bbox_head.', set(given) - set(_HEAD) - _IGNORED)
    head = {**_HEAD, **given}
    for key in ('conv_cfg', 'cls_predictor_cfg'):
        if head[key] is not None:
            _refuse('model.bbox_head.', [f'{key}={head[key]}'])
    if not any(same(head['bbox_coder'], coder) for coder in _CODERS):
        _refuse('model.bbox_head.', [f'bbox_coder={head["bbox_coder"]}'])
    kept = ('in_channels', 'feat_channels', 'stacked_convs', 'strides', 'conv_bias', 'norm_cfg')
    return {
        **base, **{key: head[key] for key in kept}, 'num_classes': num_classes,
        **(dict(dcn_on_last_conv=True) if head['dcn_on_last_conv'] else {}),
        'regression': 'relu' if head['norm_on_bbox'] else 'exp',
        'centerness': {**base['centerness'],
                       'position': 'reg' if head['centerness_on_reg'] else 'cls'},
        'assigner': {**base['assigner'], 'regress_ranges': tuple(
            (max(low, 0), None if high >= 1e8 else high) for low, high in head['regress_ranges']),
            'center_sampling_radius': (head['center_sample_radius'] if head['center_sampling']
                                       else None)},
        'loss': {**base['loss'], 'loss_cls': _class_loss(head['loss_cls']),
                 'loss_bbox': _box_loss(head['loss_bbox']),
                 'loss_centerness': dict(loss_weight=1.0) | head['loss_centerness']}}


def _class_loss(loss: Mapping) -> dict:
    settings = dict(use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0) | loss
    if not settings['use_sigmoid']:
        _refuse('model.bbox_head.', [f'loss_cls={dict(loss)}, a softmax over classes'])
    if _plain(settings.pop('type')) != 'FocalLoss' or set(settings) != {
            'use_sigmoid', 'gamma', 'alpha', 'loss_weight'}:
        return _in_mmdet(loss)
    del settings['use_sigmoid']
    return dict(type='SigmoidFocalLoss', **settings)


def _box_loss(loss: Mapping) -> dict:
    settings = dict(eps=1e-6, loss_weight=1.0) | loss
    if _plain(settings.pop('type')) == 'IoULoss' and set(settings) == {'eps', 'loss_weight'}:
        return dict(type='LTRBIoULoss', form='log', **settings)
    return _in_mmdet(loss)


def _in_mmdet(part: Mapping) -> dict:
    return {**part, 'type': f'mmdet.{_plain(part.get("type"))}'}


def _preprocessor(model: Mapping, steps: Sequence[Mapping]) -> dict:
    found = model.get('data_preprocessor')
    if found is not None:
        if _plain(found.get('type')) != 'DetDataPreprocessor':
            _refuse('model.data_preprocessor.', [f'type={found.get("type")}'])
        # augmentations of batches are for training alone
        return {**{key: value for key, value in found.items() if key != 'batch_augments'},
                'type': 'DetDataPreprocessor'}
    normalise, pad = _step(steps, 'Normalize'), _step(steps, 'Pad')
    if normalise is None:
        raise UserError('The config has neither model.data_preprocessor nor a test pipeline with '
                        'Normalize, so how images are normalised is unknown.')
    return dict(type='DetDataPreprocessor', mean=list(normalise['mean']),
                std=list(normalise['std']), bgr_to_rgb=normalise.get('to_rgb', True),
                pad_size_divisor=(pad or {}).get('size_divisor') or 1)


def _test_steps(theirs: Mapping) -> list[Mapping]:
    """The steps of the test pipeline, those inside ``MultiScaleFlipAug`` among them."""
    dataset = (theirs.get('test_dataloader') or {}).get('dataset') or (
        theirs.get('data') or {}).get('test') or {}
    steps = dataset.get('pipeline') or theirs.get('test_pipeline') or ()
    flat = []
    for step in steps:
        inner = step.get('transforms') or ()
        if _plain(step.get('type')) == 'MultiScaleFlipAug':
            scale = step.get('img_scale')
            if step.get('flip') or scale is None or isinstance(scale, list):
                raise UserError('The test pipeline tests several scales or mirror images: give '
                                'the config of a test at one scale: --config FILE.')
            flat += [{**one, 'scale': tuple(scale)} if _plain(one.get('type')) == 'Resize' else one
                     for one in inner]
        else:
            flat.append(step)
    return flat


def _pipeline(steps: Sequence[Mapping]) -> list[dict]:
    """The test pipeline of ours; images are normalised and padded elsewhere."""
    sizes = [one for one in steps if _plain(one.get('type')) == 'Resize']
    if len(sizes) != 1 or not {'scale', 'img_scale'} & set(sizes[0]):
        raise UserError('The test pipeline has no single Resize with a scale, so the size of the '
                        'input is unknown.')
    size = sizes[0]
    known = {'type', 'scale', 'img_scale', 'keep_ratio', 'backend', 'interpolation',
             'clip_object_border', 'multiscale_mode'}
    _refuse('Resize.', set(size) - known)
    resize = dict(scale=tuple(size.get('scale') or size['img_scale']),
                  keep_ratio=size.get('keep_ratio', False))
    resize.update({key: size[key] for key in ('backend', 'interpolation') if key in size})
    load = _step(steps, 'LoadImageFromFile') or {}
    return testing_steps(resize, {key: value for key, value in load.items()
                                  if key != 'type' and key not in _NO_EFFECT})


def _test_cfg(model: Mapping, theirs: Mapping) -> dict:
    found = model.get('test_cfg') or theirs.get('test_cfg') or {}
    if 'nms' not in found:
        raise UserError('The config has no model.test_cfg with nms.')
    nms = dict(found['nms'])
    if 'iou_thr' in nms:
        nms['iou_threshold'] = nms.pop('iou_thr')
    return {**found, 'nms': nms}


def _part(model: Mapping, name: str) -> Mapping:
    part = model.get(name)
    return part if isinstance(part, Mapping) else {}


def _step(steps: Sequence[Mapping], kind: str) -> Mapping | None:
    return next((step for step in steps if _plain(step.get('type')) == kind), None)


def _plain(kind: object) -> str:
    """The name of a type without mmdet's scope."""
    return str(kind).removeprefix('mmdet.')


def _refuse(place: str, keys) -> None:
    if keys:
        raise UserError(f'{", ".join(f"{place}{key}" for key in sorted(keys))} of the config has '
                        'no equivalent here, so the checkpoint is not converted.')
