"""The values of ``test_cfg``, which are read for the first time after an epoch of training."""
from collections.abc import Callable, Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm.config.checks.model import dry_run
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults

_NMS = ('nms', 'soft_nms')


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


#: Key, what it may be, and how to say so.
_LIMITS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ('score_thr', lambda value: _is_number(value) and value < 1,
     'a score below 1: from there on nothing is detected'),
    ('nms_pre', lambda value: isinstance(value, int),
     'a number of boxes for each level, or -1 for all'),
    ('max_per_img', lambda value: _is_count(value) or value is None,
     'a number of detections, or None for all'),
    ('min_bbox_size', _is_number, 'a number of pixels'),
)


def check_detection_limits(cfg: Config, mode: str) -> None:
    """Check what the heads of this package read from ``test_cfg``.

    Args:
        cfg: The config.
        mode: ``'train'``, which detects only if it validates, or ``'test'``.

    Raises:
        UserError: If a value cannot be used or the NMS is not set.
    """
    model = cfg.get('model')
    detects = mode == 'test' or cfg.get('val_cfg') is not None
    faults = Faults('test_cfg')
    for key, limits in _settings_of_own_heads(model, cfg.get('default_scope') or 'fcos_mm'):
        if not isinstance(limits, dict):
            limits = {}
        faults.messages += [
            f'{key}.{name}={limits[name]!r} must be {allowed}.'
            for name, fits, allowed in _LIMITS if name in limits and not fits(limits[name])]
        if detects or 'nms' in limits:
            with faults.gather():
                _check_nms(f'{key}.nms', limits.get('nms'))
    faults.raise_all()


def _settings_of_own_heads(model: Any, scope: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(model, dict):
        return
    limits = model.get('test_cfg')
    with dry_run.undisturbed(scope):
        own = [name for name in ('bbox_head', 'rpn_head') if _is_own(model.get(name))]
    for name in own:
        if name == 'bbox_head':
            yield 'model.test_cfg', limits
        else:
            yield 'model.test_cfg.rpn', limits.get('rpn') if isinstance(limits, dict) else None


def _is_own(head: Any) -> bool:
    kind = dry_run.component(head) if isinstance(head, dict) else None
    return getattr(kind, '__module__', '') == 'fcos_mm.models.head'


def _check_nms(key: str, nms: Any) -> None:
    example = "dict(type='nms', iou_threshold=0.6)"
    if not isinstance(nms, dict):
        raise UserError(f'{key}={nms!r}: detections need a non-maximum suppression.\n'
                        f'Set {key}={example}.')
    kind = nms.get('type', 'nms')
    if isinstance(kind, str) and kind not in _NMS:
        raise UserError(f'{key}.type={kind!r} must be one of {_NMS}.')
    if kind not in _NMS:
        return
    threshold = nms.get('iou_threshold', None if kind == 'nms' else 0.3)
    if not _is_number(threshold) or not 0 <= threshold <= 1:
        raise UserError(f'{key}.iou_threshold={threshold!r} must be an IoU from 0 to 1, as in '
                        f'{example}.')
