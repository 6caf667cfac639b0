"""Files in COCO's format, read in one place: encodings, ids and categories as tools write them."""
import json
import os.path as osp
import re
from collections import defaultdict
from collections.abc import Callable

from fcos_mm.errors import UserError

_ID_KEYS = dict(images=('id', ), categories=('id', ),
                annotations=('id', 'image_id', 'category_id'))


def read_coco(path: str, note: Callable[[str], None] | None = None) -> dict | list:
    """Read an annotation file and put right what has one meaning only.

    Ids that are floats become integers, and categories that repeat another's
    name without having boxes are left out. Nothing else is looked at: a file
    that is JSON but not in COCO's format is returned as it is.

    Args:
        path: The file, UTF-8 with or without a byte order mark.
        note: Called with a line about each category that is left out.

    Raises:
        UserError: If there is no such file, it is not JSON or not UTF-8.
    """
    data = read_json(path, 'Annotation file', "Give a file in COCO's format; "
                     'tools/dataset_converters/ makes one from VOC or YOLO data.')
    if isinstance(data, dict):
        _make_ids_whole(data)
        for category in _repeated_categories(data):
            data['categories'] = [entry for entry in data['categories'] if entry is not category]
            if note is not None:
                note(f"{path}: category {category['name']!r} with id {category['id']!r} has no "
                     'boxes and the name of another: ignored.')
    return data


def read_json(path: str, what: str, remedy: str) -> dict | list:
    """Read a JSON file.

    Args:
        path: The file, UTF-8 with or without a byte order mark.
        what: What it is, for the messages.
        remedy: What to do about a file that is not JSON.

    Raises:
        UserError: If there is no such file, it is not JSON or not UTF-8.
    """
    if not osp.isfile(path):
        raise UserError(f'{what} not found: {path}\nGive the path of a JSON file.')
    try:
        with open(path, encoding='utf-8-sig') as file:
            return json.load(file)
    except (ValueError, RecursionError) as error:
        encoding = _other_encoding(path)
        if encoding is not None:
            raise UserError(
                f'{what} is not UTF-8 but {encoding}: {path}\n'
                f'Convert it: iconv -f {encoding.split()[-1]} -t UTF-8 {path} > NEW.json') from None
        raise UserError(f'{what} is not JSON: {path} ({error})\n{remedy}') from None


def parent_category(data: dict) -> dict | None:
    """The entry of ``categories`` that only groups the others, as Roboflow writes it.

    Args:
        data: What an annotation file holds.

    Returns:
        The category without boxes whose name is the ``supercategory`` of all
        others, or None.
    """
    categories = data['categories']
    used = _used(data)
    for category in categories:
        others = [entry for entry in categories if entry is not category]
        if others and category['id'] not in used and all(
                entry.get('supercategory') == category['name'] for entry in others):
            return category
    return None


def is_id(value) -> bool:
    """Whether this can be the id of an image, a box or a category.

    Args:
        value: A whole number that fits 64 bits, or text.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2**53
    return isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)


def whole_id(value):
    """An id with a float that is a whole number as integer; all else as it is.

    Args:
        value: The id.
    """
    return int(value) if isinstance(value, float) and is_id(value) else value


def _make_ids_whole(data: dict) -> None:
    for name, keys in _ID_KEYS.items():
        for entry in _entries(data, name):
            for key in keys:
                if type(entry.get(key)) is float:
                    entry[key] = whole_id(entry[key])


def _repeated_categories(data: dict) -> list[dict]:
    """Categories without boxes that have the name of another, which stays."""
    by_name = defaultdict(list)
    for entry in _entries(data, 'categories'):
        if isinstance(entry.get('name'), str) and is_id(entry.get('id')):
            by_name[entry['name']].append(entry)
    several = {name: entries for name, entries in by_name.items() if len(entries) > 1}
    if not several:
        return []
    used, ignored = _used(data), []
    for name, entries in several.items():
        if len({entry['id'] for entry in entries}) < len(entries):
            continue  # not two categories but one twice
        kept = next((entry for entry in entries if entry['id'] in used), None) or next(
            (entry for entry in entries if entry.get('supercategory') == name), entries[0])
        ignored += [entry for entry in entries if entry is not kept and entry['id'] not in used]
    return ignored


def _used(data: dict) -> set:
    """The ids of the categories that have boxes."""
    ids = (entry.get('category_id') for entry in _entries(data, 'annotations'))
    return {key for key in ids if is_id(key)}


def _entries(data: dict, name: str) -> list[dict]:
    entries = data.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(
        entries, list) else []


def _other_encoding(path: str) -> str | None:
    """The likely encoding of a file that is not JSON in UTF-8; None if it is UTF-8 or no text."""
    with open(path, 'rb') as file:
        data = file.read()
    found = json.detect_encoding(data)
    if not found.startswith('utf-8'):
        return found.upper() if data.decode(found, 'ignore').lstrip()[:1] in ('{', '[') else None
    if data.lstrip()[:1] not in (b'{', b'['):
        return None
    try:
        data.decode('utf-8-sig')
        return None
    except UnicodeDecodeError:
        # Chinese comes in pairs of bytes, letters with accents mostly stand alone.
        pairs = all(len(run) % 2 == 0 for run in re.findall(rb'[\x80-\xff]+', data))
        return 'probably GB18030' if pairs else 'probably WINDOWS-1252'
