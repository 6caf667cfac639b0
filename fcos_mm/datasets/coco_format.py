"""Read and validate COCO files, by one table of fields."""
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from math import isnan
from typing import NamedTuple

from fcos_mm.datasets.json_file import read_json
from fcos_mm.errors import UserError, shorten
from fcos_mm.faults import EXAMPLES, SeveralFaults

_LARGEST = 1e9  # pixels, and anything else that is measured


# ---- what a value must be: each rule takes a list, so that a whole column is one call

def _ids(values: Sequence) -> bool:
    """Whole numbers that fit 64 bits, or text, but not both."""
    kinds = {*map(type, values)}
    if float in kinds:
        return kinds <= {int, float} and all(
            type(value) is int or value.is_integer() and abs(value) < 2**53 for value in values)
    return kinds <= {str} or (kinds <= {int} and -2**63 < min(values) and max(values) < 2**63)


def is_id(value: object) -> bool:
    """Whether this can be the id of an image, a box or a category."""
    return _ids([value])


def _numbers(values: Sequence, above: float = -_LARGEST) -> bool:
    """Finite numbers between the limits; NaN shows in the sum where it does not in the minimum."""
    return not values or ({*map(type, values)} <= {int, float} and above < min(values)
                          and max(values) < _LARGEST and not isnan(sum(values)))


def _boxes(values: Sequence) -> bool:
    return all(type(box) is list and len(box) == 4 for box in values) and _numbers(
        list(chain.from_iterable(values)))


def _names(values: Sequence) -> bool:
    return {*map(type, values)} <= {str} and all(values)


def _flags(values: Sequence) -> bool:
    return {*map(type, values)} <= {int, bool, float} and {*values} <= {0, 1}


class Field(NamedTuple):
    """What a field must be.

    Attributes:
        default: What to add where the field is missing, in words.
    """
    rule: Callable[[Sequence], bool]
    expected: str
    remedy: str = 'Correct it.'
    default: str = ''


_ID = Field(_ids, 'a whole number below 2**63 or text', 'Give it such an id.')
_REFERENCE = Field(_ids, _ID.expected, 'Correct or delete these entries.')
_BOX = Field(_boxes, 'four finite numbers [x, y, width, height] in pixels',
             'Correct or delete these entries.')
_SIDE = Field(partial(_numbers, above=0), 'a number of pixels above 0',
              'Write the true size of the image.')

#: The fields that are read, by section. A field is checked wherever it stands.
FIELDS: dict[str, dict[str, Field]] = {
    'images': dict(
        id=_ID, width=_SIDE, height=_SIDE,
        file_name=Field(_names, 'the name of a file', 'Write the name of its file.')),
    'categories': dict(
        id=_ID, name=Field(_names, 'text', 'Give every category an id and a name.')),
    'annotations': dict(
        id=_ID, image_id=_REFERENCE, category_id=_REFERENCE, bbox=_BOX,
        area=Field(_numbers, 'a finite number', 'Correct or delete these entries.',
                   'width * height of the box'),
        iscrowd=Field(_flags, '0 or 1', default='0')),
    'detections': dict(
        image_id=_REFERENCE, category_id=_REFERENCE, bbox=_BOX,
        score=Field(_numbers, 'a finite number')),
}
_WHOLE = Field(lambda values: {*map(type, values)} <= {int} and _ids(values), 'a whole number')
#: What COCO's evaluation server takes.
FIELDS['submission'] = {**FIELDS['detections'], 'image_id': _WHOLE, 'category_id': _WHOLE}

_SINGULAR = dict(images='image', categories='category', annotations='annotation')

#: The sections that a reader needs, and the fields that must not be missing there.
Needs = dict[str, tuple[str, ...]]
DATASET: Needs = dict(
    images=('id', 'file_name', 'width', 'height'),
    annotations=('id', 'image_id', 'category_id', 'bbox', 'area'), categories=('id', 'name'))
EVALUATED: Needs = {**DATASET, 'annotations': (*DATASET['annotations'], 'iscrowd')}
GROUND_TRUTH: Needs = {**EVALUATED, 'images': ('id', )}


def read_coco(path: str, needs: Needs = DATASET, *, annotated: bool = True,
              note: Callable[[str], None] | None = None) -> dict:
    """Read an annotation file, put right what has one meaning only, and check the rest.

    Ids that are floats become integers, and categories that repeat another's
    name without having boxes are left out.

    Args:
        needs: The sections and fields that must be there.
        annotated: Whether ``annotations`` must be there; if not, an empty list is put there.
        note: Called with a line about each category that is left out.

    Raises:
        UserError: If there is no such file or it is not JSON in UTF-8.
        SeveralFaults: If it is not in COCO's format; see :func:`coco_faults`.
    """
    data = load_coco(path, needs, annotated=annotated, note=note)
    messages = [message for _, message in coco_faults(data, path, needs)]
    if messages:
        raise SeveralFaults('the data', messages)
    return data


def load_coco(path: str, needs: Needs = DATASET, *, annotated: bool = True,
              note: Callable[[str], None] | None = None) -> dict:
    """The same as :func:`read_coco` with only the sections checked, not their entries."""
    data = read_json(path, 'Annotation file', 'Give a file in COCO format; '
                     '`fcos-mm convert` makes one from VOC or YOLO data.')
    if isinstance(data, dict) and not annotated and 'annotations' in needs:
        data.setdefault('annotations', [])
    found = sorted(data) if isinstance(data, dict) else type(data).__name__
    for section in needs:
        if not isinstance(data, dict) or not isinstance(data.get(section), list):
            raise UserError(
                f'{path} is not in COCO format: it has no list {section!r} (found: {found}).\n'
                f'Give a JSON object with the lists {[*needs]}; '
                '`fcos-mm convert` makes one from VOC or YOLO data.')
    _make_ids_whole(data)
    for category in _repeated_categories(data):
        data['categories'] = [entry for entry in data['categories'] if entry is not category]
        if note is not None:
            note(f"{path}: category {category['name']!r} with id {category['id']!r} has no "
                 'boxes and the same name as another: ignored.')
    return data


def coco_faults(data: dict, path: str, needs: Needs = DATASET) -> Iterator[tuple[str, str]]:
    """The section and a message for each fault of a file's entries.

    Faults are fields that are missing or wrong, ids and names that are used twice, and
    annotations of no image or category.
    """
    broken = set()
    for section, needed in needs.items():
        for message in entry_faults(data[section], section, needed, data.get('images', ())):
            broken.add(section)
            yield section, f'{path}: {message}'
        if section not in broken:
            yield from ((section, f'{path}: {message}')
                        for message in _repeated(data[section], section))
    if broken or 'annotations' not in needs:
        return
    for name, section in (('image_id', 'images'), ('category_id', 'categories')):
        known = {entry['id'] for entry in data[section]}
        wrong = [index for index, entry in enumerate(data['annotations'])
                 if entry[name] not in known]
        if wrong:
            yield 'annotations', f'{path}: ' + _fault(
                data['annotations'], 'annotations', wrong, name,
                f'is not the id of an entry of {section!r}', data['images'],
                f'Add the missing entries to {section!r}, or correct or delete these annotations.')


def entry_faults(entries: Sequence, section: str, needed: Sequence[str],
                 images: Sequence = ()) -> Iterator[str]:
    """A message for every field that some entries lack or have wrong.

    Args:
        section: A key of :data:`FIELDS`.
        needed: The fields that must not be missing.
        images: Entries of images, whose names tell more than their ids.
    """
    if not {*map(type, entries)} <= {dict}:
        odd = [index for index, entry in enumerate(entries) if not isinstance(entry, dict)]
        yield _fault(entries, section, odd, None, 'are not JSON objects', images, 'Delete them.')
        return
    for name, field in FIELDS[section].items():
        try:
            values = [entry[name] for entry in entries]
        except KeyError:
            absent = [index for index, entry in enumerate(entries) if name not in entry]
            if name in needed:
                yield _fault(entries, section, absent, None, f'lack {name}', images,
                             f'Add it{f": {field.default}" if field.default else ""}.')
            values = [entry[name] for entry in entries if name in entry]
        if field.rule(values):
            continue
        wrong = [index for index, entry in enumerate(entries)
                 if name in entry and not field.rule([entry[name]])]
        if wrong:
            yield _fault(entries, section, wrong, name,
                         f'is not {field.expected}', images, field.remedy)
        else:
            yield (f'{name} of {section!r} is a number in some entries and text in others.\n'
                   'Write all of them as numbers, or all as text.')


def entry_fault(entry: object, section: str) -> str | None:
    """What is wrong with one entry: the first field that is missing or wrong; None if nothing is.

    Args:
        section: A key of :data:`FIELDS`; all of its fields must be there.
    """
    if not isinstance(entry, dict):
        return f'not a JSON object but a {type(entry).__name__}'
    for name, field in FIELDS[section].items():
        if name not in entry:
            return f'without {name}'
        if not field.rule([entry[name]]):
            return f'{name} is {shorten(entry[name])}, not {field.expected}'
    return None


def _repeated(entries: Sequence[dict], section: str) -> Iterator[str]:
    """Ids, and names of categories, that more than one entry has."""
    for name in ('id', 'name') if section == 'categories' else ('id', ):
        values = [entry[name] for entry in entries if name in entry]
        if len({*values}) == len(values):
            continue
        twice = [value for value, count in Counter(values).items() if count > 1]
        more = f' (and {len(twice) - 1} more)' if len(twice) > 1 else ''
        yield (f'the {name} {shorten(twice[0])} is used twice in {section!r}{more}.\n'
               f'Give every entry its own {name}; after merging files, renumber the entries.')


def _fault(entries: Sequence, section: str, wrong: Sequence[int], name: str | None, what: str,
           images: Sequence, remedy: str) -> str:
    """``bbox of 2 of 9 annotations is not ...``, the first cases, and what to do."""
    files = {image['id']: image.get('file_name') for image in images
             if isinstance(image, dict) and is_id(image.get('id'))}
    subject = f'{name} of ' if name else ''
    lines = [f'{subject}{len(wrong)} of {len(entries)} {section} {what}:']
    for index in wrong[:EXAMPLES]:
        entry = entries[index]
        shown = f' has {name} {shorten(entry[name])}' if name else f': {shorten(entry)}'
        lines.append(_label(index, entry, section, files) + shown)
    return '\n  '.join(lines) + f'\n{remedy}'


def _label(index: int, entry: object, section: str, files: dict) -> str:
    """``annotation 3 (2.png)``, or the entry's place where it has no id."""
    if not isinstance(entry, dict) or section not in _SINGULAR or not is_id(entry.get('id')):
        return f'entry {index}'
    image_id = entry.get('image_id' if section == 'annotations' else 'id')
    file = files.get(image_id, 'no image') if is_id(image_id) else 'no image'
    label = f"{_SINGULAR[section]} {entry['id']}"
    return f'{label} ({file})' if section != 'categories' and isinstance(file, str) else label


def parent_category(data: dict) -> dict | None:
    """The category without boxes whose name is the ``supercategory`` of all others, if any.

    Roboflow writes one; it only groups the others.
    """
    used = _used(data)
    for category in data['categories']:
        others = [entry for entry in data['categories'] if entry is not category]
        if others and category['id'] not in used and all(
                entry.get('supercategory') == category['name'] for entry in others):
            return category
    return None


def _make_ids_whole(data: dict) -> None:
    for section in _SINGULAR:
        for entry in _entries(data, section):
            for key in ('id', 'image_id', 'category_id'):
                value = entry.get(key)
                if type(value) is float and is_id(value):
                    entry[key] = int(value)


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
    return {key for key in ids if type(key) in (int, str)}


def _entries(data: dict, name: str) -> list[dict]:
    entries = data.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(
        entries, list) else []
