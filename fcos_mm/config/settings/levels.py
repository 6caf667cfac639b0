"""``levels`` of the pyramid, and ``regress_ranges``, those of the boxes that each answers for."""
import math
import re
from typing import Any

from mmengine.config import Config

from fcos_mm.config.keys import is_number, type_name
from fcos_mm.config.settings.given import Given

_PYRAMIDS = ('FPN', 'PAFPN', 'FPN_CARAFE', 'BiFPN')
_REACH = 8  # the paper's ranges end at 8 strides of their level


def apply_levels(cfg: Config | dict, given: Given) -> None:
    """Set the first and the last level: of the neck, the head's strides and regress ranges.

    P3 has stride 8. A level above the backbone's last is made as the neck makes its own.
    """
    first, last = _numbers(given)
    head, neck = _head(cfg, given), cfg['model'].get('neck')
    if type_name(neck) not in _PYRAMIDS:
        raise given.error(f'model.neck is no {", ".join(_PYRAMIDS)}.\n{_BY_HAND}')
    if 'roi_head' in cfg['model']:
        raise given.error(f'model.roi_head reads the levels, too.\n{_BY_HAND}')
    strides = head.get('strides', (8, 16, 32, 64, 128))
    if list(strides) == (new := [2**level for level in range(first, last + 1)]):
        return
    lowest = round(math.log2(strides[0])) - neck.get('start_level', 0)
    highest = lowest + _count_outputs(cfg['model']) - 1
    if not lowest <= first <= highest:
        raise given.error(
            f'model.backbone has P{lowest} to P{highest} (strides {2**lowest} to {2**highest}), '
            'and the first level must be one of them.\nSet model.backbone.out_indices and '
            'model.neck.in_channels for another.')
    neck.update(start_level=first - lowest, num_outs=len(new),
                end_level=last - lowest if last < highest else -1)
    head['strides'] = tuple(new)
    if not given.beside('regress_ranges'):
        ends = [_REACH * stride for stride in new[:-1]]
        _set_ranges(head, tuple(zip([0, *ends], [*ends, None])))


def apply_regress_ranges(cfg: Config | dict, given: Given) -> None:
    """Set the range of each level, in pixels of the network's input."""
    head, ranges = _head(cfg, given), given.value
    if not isinstance(ranges, (list, tuple)) or not all(map(_is_range, ranges)):
        raise given.error('it must be a pair of pixels for each level, None for no end.\n'
                          f'Write {given.name} = ((0, 64), (64, 128), (128, None)).')
    strides = head.get('strides', (8, 16, 32, 64, 128))
    if len(ranges) != len(strides):
        raise given.error(f'these are {len(ranges)}, and the head has {len(strides)} levels of '
                          f'strides {", ".join(map(str, strides))}.\nSet levels, too.')
    _set_ranges(head, tuple(map(tuple, ranges)))


_BY_HAND = 'Set start_level and num_outs of the neck, strides and regress_ranges of the head.'


def _numbers(given: Given) -> tuple[int, int]:
    found = re.fullmatch(r'P(\d)(?:-P(\d))?', str(given.value))
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise given.error("it must be the first and the last level.\nWrite levels = 'P3-P7'.")
    return first, last


def _head(cfg: Config | dict, given: Given) -> dict:
    model = cfg.get('model') or {}
    for name in ('bbox_head', 'rpn_head'):
        head = model.get(name)
        if type_name(head) == 'FCOSHead':
            return head
    raise given.error('no head of the model is an FCOSHead: anchors have their own settings.\n'
                      f'Remove {given.name}.')


def _count_outputs(model: dict) -> int:
    """How many maps the backbone hands to the neck."""
    return len(model['neck'].get('in_channels') or model['backbone']['out_indices'])


def _set_ranges(head: dict, ranges: tuple) -> None:
    if 'regress_ranges' in head:  # mmdet's own head
        head['regress_ranges'] = ranges
    else:
        head.setdefault('assigner', dict(type='fcos_mm.FCOSAssigner'))
        head['assigner']['regress_ranges'] = ranges


def _is_range(value: Any) -> bool:
    return (isinstance(value, (list, tuple)) and len(value) == 2 and is_number(value[0])
            and (value[1] is None or is_number(value[1])))
