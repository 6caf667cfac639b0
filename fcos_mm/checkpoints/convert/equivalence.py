"""Whether two configs of ours compute the same detections, and the same losses."""
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from mmengine.registry import DefaultScope

from fcos_mm.checkpoints.convert.differences import unequal
from fcos_mm.config.datasets import first_dataset
from fcos_mm.models.locations import OFFSETS
from fcos_mm.registry import MODELS, TASK_UTILS, TRANSFORMS

#: Parts of a model that training alone reads.
_TRAINING = ('assigner', 'loss', 'frozen_stages', 'norm_eval', 'norm_cfg.requires_grad',
             'batch_augments', 'with_cp', 'zero_init_residual')
_WITHOUT_EFFECT = ('init_cfg', 'train_cfg', 'pretrained')
_NESTED = {'centerness': TASK_UTILS, 'assigner': TASK_UTILS, 'postprocess': TASK_UTILS,
           'loss': MODELS, 'loss_cls': MODELS, 'loss_bbox': MODELS, 'loss_centerness': MODELS}
_ANNOTATIONS = ('LoadAnnotations', 'PackDetInputs')  # of a test pipeline: they change no pixel


class Differences(NamedTuple):
    """Settings that differ: dotted keys with the value of the first and of the second config."""
    detection: list[tuple[str, Any, Any]]
    training: list[tuple[str, Any, Any]]


def differences(one: Mapping, other: Mapping) -> Differences:
    """Compare what two whole configs compute; defaults count as if they were written out."""
    found = Differences([], [])
    for key, left, right in unequal(_canonical(one), _canonical(other)):
        words = key.split('.')
        if any(name in words for name in _WITHOUT_EFFECT):
            continue
        trained = any(f'.{name}.' in f'.{key}.' for name in _TRAINING)
        (found.training if trained else found.detection).append((key, left, right))
    return found


def _canonical(config: Mapping) -> dict:
    model = config['model']
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        parts = {name: _complete(model[name], MODELS) for name in (
            'data_preprocessor', 'backbone', 'neck', 'bbox_head')}
        head = parts['bbox_head']
        head.pop('test_cfg', None)  # mmdet's detectors put that of the model there
        head['location_offset'] = [OFFSETS[head['location_offset']](stride)
                                   for stride in head['strides']]
        steps = [_complete(step, TRANSFORMS) for step in first_dataset(
            config.get('test_dataloader')).get('pipeline') or ()]
    pipeline = {step['type']: step for step in steps if step['type'] not in _ANNOTATIONS}
    return dict(model=dict(parts, test_cfg=dict(model['test_cfg'])), test_pipeline=pipeline)


def _complete(part: Mapping, registry) -> dict:
    """A part of a config with the defaults of its class."""
    kind = part['type']
    settings = {**_defaults(registry.get(kind)), **part}
    settings['type'] = kind.removeprefix('mmdet.').removeprefix('fcos_mm.')
    return {key: _complete(value, _NESTED[key])
            if key in _NESTED and isinstance(value, Mapping) and 'type' in value else value
            for key, value in settings.items()}


def _defaults(kind: type) -> dict:
    """The default values of a class's arguments, those of its bases among them."""
    found = {}
    for base in reversed(inspect.getmro(kind)):
        if '__init__' in vars(base):
            found.update({name: parameter.default for name, parameter
                          in inspect.signature(base.__init__).parameters.items()
                          if parameter.default is not parameter.empty})
    return found
