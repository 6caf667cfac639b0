"""Check ``test_cfg`` of a model and the COCO metrics that evaluate its detections."""
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm.config.checks import lookup
from fcos_mm.config.keys import is_number, listed, value_at
from fcos_mm.errors import UserError
from fcos_mm.registry import METRICS, MODELS

_NMS = ('nms', 'soft_nms')
# Key, what it may be, and how to say so.
_LIMITS = (
    ('score_thr', lambda value: is_number(value) and value < 1,
     'a score below 1: from there on nothing is detected'),
    ('nms_pre', lambda value: isinstance(value, int),
     'a number of boxes for each level, or -1 for all'),
    ('max_per_img', lambda value: value is None or is_number(value, int) and value > 0,
     'a number of detections, or None for all'),
    ('min_bbox_size', is_number, 'a number of pixels'),
)


def limit_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Check ``test_cfg`` of heads of this package, first read after an epoch of training."""
    detects = mode == 'test' or cfg.get('val_cfg') is not None
    for head, key in (('bbox_head', 'model.test_cfg'), ('rpn_head', 'model.test_cfg.rpn')):
        if not is_own_head(cfg, head):
            continue
        limits = value_at(cfg, key)
        limits = limits if isinstance(limits, dict) else {}
        for name, fits, allowed in _LIMITS:
            if name in limits and not fits(limits[name]):
                yield f'{key}.{name}={limits[name]!r} must be {allowed}.'
        if detects or 'nms' in limits:
            yield from _nms_faults(f'{key}.nms', limits.get('nms'))


def is_own_head(cfg: Config, name: str) -> bool:
    """Whether a head of the model, such as ``'bbox_head'``, is this package's."""
    scope = cfg.get('default_scope') or 'fcos_mm'
    kind = value_at(cfg, f'model.{name}.type')
    return lookup.find(kind, scope, MODELS) == [MODELS.get('FCOSHead')]


def _nms_faults(key: str, nms: Any) -> Iterator[str]:
    example = "dict(type='nms', iou_threshold=0.6)"
    if not isinstance(nms, dict):
        yield f'{key}={nms!r}: detections need a non-maximum suppression.\nSet {key}={example}.'
        return
    kind = nms.get('type', 'nms')
    if isinstance(kind, str) and kind not in _NMS:
        yield f'{key}.type={kind!r} must be one of {_NMS}.'
    if kind not in _NMS:
        return
    threshold = nms.get('iou_threshold', None if kind == 'nms' else 0.3)
    if not is_number(threshold) or not 0 <= threshold <= 1:
        yield f'{key}.iou_threshold={threshold!r} must be an IoU from 0 to 1, as in {example}.'


def evaluator_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Build our COCO metrics without their files, and find masks that the model has not."""
    section = 'val_evaluator' if mode == 'train' else 'test_evaluator'
    for key, part, kind in _coco_metrics(cfg, section):
        settings = {name: value for name, value in part.items() if name not in ('type', 'ann_file')}
        try:
            metric = kind(**settings)
        except UserError as error:
            yield f'{key}: {error}'
        except TypeError:  # unknown arguments are for component_faults to report
            continue
        else:
            if 'segm' in metric.metrics and _only_boxes(cfg.get('model') or {}):
                yield (f"{key}.metric is {part['metric']!r}, and the model detects boxes without "
                       f"masks.\nSet {key}.metric='bbox'.")


def _coco_metrics(cfg: Config, key: str) -> Iterator[tuple[str, dict, type]]:
    """Keys, settings and classes of our own COCO metrics."""
    for place, part in listed(cfg.get(key), key):
        name = part.get('type') if isinstance(part, dict) else None
        # in another scope a plain CocoMetric is mmdet's
        may_be_ours = isinstance(name, str) and (
            '.' in name or cfg.get('default_scope') == 'fcos_mm')
        for found in lookup.find(name, 'fcos_mm', METRICS) if may_be_ours else ():
            if (lookup.package_of(found) == 'fcos_mm'
                    and issubclass(found, METRICS.get('CocoMetric'))):
                yield place, part, found


def _only_boxes(model: dict) -> bool:
    """Whether the model is a single-stage detector with our head, which has no masks."""
    head = model.get('bbox_head')
    return (isinstance(head, dict)
            and lookup.is_a(head.get('type'), 'fcos_mm', MODELS, MODELS.get('FCOSHead'))
            and not any('mask' in key for key in [*model, *head]))
