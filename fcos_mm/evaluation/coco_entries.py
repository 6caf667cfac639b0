"""What entries of files in COCO's format must be before pycocotools reads them."""
import math
import numbers
from collections.abc import Iterator

from fcos_mm.datasets.coco_format import is_id
from fcos_mm.errors import shorten

_ID_OF = {'images': ('id', ), 'categories': ('id', ),
          'annotations': ('id', 'image_id', 'category_id')}


def malformed_detection(row: object,
                        id_types: tuple[type, ...] = (int, float, str)) -> str | None:
    """Say what is wrong with the form of a detection.

    Args:
        row: The detection.
        id_types: What ids may be.

    Returns:
        None if nothing is wrong.
    """
    if not isinstance(row, dict):
        return f'not a dict but a {type(row).__name__}'
    for key in ('image_id', 'category_id', 'bbox', 'score'):
        if key not in row:
            return f'without {key}'
    for key in ('image_id', 'category_id'):
        if not isinstance(row[key], id_types) or not is_id(row[key]):
            return f'{key} is {shorten(row[key])}, not a whole number'
    return _malformed_box(row['bbox']) or _malformed_number(row['score'])


def malformed_entries(dataset: dict) -> Iterator[str]:
    """Say what is wrong with the form of annotations.

    Args:
        dataset: ``images``, ``categories`` and at times ``annotations``.

    Yields:
        Lines that say so. No entry may be looked at after the first of them.
    """
    for name, keys in _ID_OF.items():
        entries = dataset.get(name, [])
        if not isinstance(entries, list):
            yield f'{name!r} is no list'
            continue
        for index, entry in enumerate(entries):
            reason = _malformed_entry(entry, keys, dataset)
            if reason is not None:
                yield f'entry {index} of {name!r}: {reason}'
            elif isinstance(entry['id'], str) != isinstance(entries[0]['id'], str):
                yield f'the ids of {name!r} are numbers and text'


def _malformed_entry(entry: object, keys: tuple[str, ...], dataset: dict) -> str | None:
    if not isinstance(entry, dict):
        return f'not a dict but a {type(entry).__name__}'
    for key in keys:
        value = entry.get(key)
        if not is_id(value):
            return f'{key} is {shorten(value)}, not a whole number'
    if 'image_id' not in keys:
        return None
    if entry.get('iscrowd') not in (0, 1):
        return f"iscrowd is {entry.get('iscrowd')!r}, not 0 or 1"
    return _malformed_box(entry.get('bbox')) or _malformed_number(entry.get('area'))


def _malformed_box(box: object) -> str | None:
    if not isinstance(box, list) or len(box) != 4:
        return f'bbox is {shorten(box)}, not [x, y, width, height]'
    return next(filter(None, map(_malformed_number, box)), None)


def _malformed_number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not is_finite(value):
        return f'{shorten(value)} is not a finite number'
    return None


def is_finite(value: float) -> bool:
    """Whether a number is one that a float can be; JSON's whole numbers may be larger.

    Args:
        value: The number.
    """
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
