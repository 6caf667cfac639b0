"""Checks that data, ``metainfo.classes`` and the head name the same classes."""
from collections import Counter
from collections.abc import Iterator, Sequence

from fcos_mm.datasets.checks.annotations import CheckedData
from fcos_mm.datasets.coco_format import parent_category
from fcos_mm.faults import Note, first_few


def classes(checked: CheckedData) -> Iterator[str]:
    """Every class must be a category of the file, in the same order where that counts.

    Our datasets number the labels in the order of ``metainfo.classes``. mmdet's
    own number them in the order of the file's categories and name them in the
    order of the classes. A category that only groups the others draws a warning.
    """
    source = checked.source
    names = [entry['name'] for entry in checked.data['categories']]
    double = [name for name, times in Counter(source.classes).items() if times > 1]
    if double:
        yield (f'{source}: metainfo.classes lists {double} more than once.\n'
               f'List each name once in {source.key}.metainfo.classes.')
        return
    parent = parent_category(checked.data)
    if parent is not None and parent['name'] not in source.classes:
        yield Note(f"{source}: category {parent['name']!r} with id {parent['id']!r} has no boxes "
                   'and is the supercategory of all other categories: ignored.')
        names.remove(parent['name'])
    used = tuple(name for name in names if name in source.classes)
    if set(used) != set(source.classes):
        yield _disagreement(checked, names)
    elif used != source.classes and not source.labels_by_name:
        yield (f'{source}: the classes are in a different order than the categories of the data, '
               'so labels would get the wrong names.\n'
               f'  metainfo.classes: {source.classes}\n  categories: {used}\n'
               f'List {source.key}.metainfo.classes in the order of the data.')


def _disagreement(checked: CheckedData, names: Sequence[str]) -> str:
    source = checked.source
    origin = '' if source.classes_given else (
        ' (not set in the config; these are the defaults of the dataset type)')
    missing = [name for name in source.classes if name not in names]
    unknown = [name for name in names if name not in source.classes]
    return (f'{source}: the classes do not match the categories of the data.\n'
            f'  metainfo.classes{origin}: {_listing(source.classes)}\n'
            f'  categories of the data: {_listing(names)}\n'
            f'  classes missing from the data: {_listing(missing)}\n'
            f'  categories missing from the classes: {_listing(unknown)}\n'
            f'Set classes, or {source.key}.metainfo=dict(classes=...), to the names in the '
            'data, with the same spelling and order.')


def _listing(names: Sequence[str]) -> str:
    return first_few([*map(repr, names)], 12) or 'none'


def left_out_categories(checked: CheckedData) -> Iterator[str]:
    """Warn about boxes of categories that are not trained on."""
    names = {entry['id']: entry['name'] for entry in checked.data['categories']}
    count = Counter(names[box['category_id']] for box in checked.data['annotations'])
    lost = {name: count[name] for name in names.values()
            if count[name] and name not in checked.source.classes}
    if lost:
        yield Note(
            f"{checked.source}: {sum(lost.values())} of {len(checked.data['annotations'])} boxes "
            f'are ignored because their category is not in metainfo.classes: {lost}\nTo use them, '
            f'add the names to {checked.source.key}.metainfo.classes.')


def head_classes(checked: CheckedData) -> Iterator[str]:
    """The heads must predict as many classes as the data have."""
    model = checked.cfg.get('model') or {}
    heads = {'model.bbox_head': model.get('bbox_head')}
    if isinstance(model.get('roi_head'), dict):
        heads['model.roi_head.bbox_head'] = model['roi_head'].get('bbox_head')
    for key, head in heads.items():
        several = isinstance(head, (list, tuple))
        for index, part in enumerate(head if several else [head]):
            number = part.get('num_classes') if isinstance(part, dict) else None
            if number is not None and number != len(checked.source.classes):
                yield _other_number(checked, f'{key}.{index}' if several else key, number)


def _other_number(checked: CheckedData, key: str, number: int) -> str:
    """A head with another number of classes; in a test of some classes there is another remedy."""
    source, count = checked.source, len(checked.source.classes)
    message = (f'{key}.num_classes is {number}, but {source} has {count} classes: '
               f'{_listing(source.classes)}.\n')
    if source.key.startswith('train_dataloader') or count > number:
        return f'{message}Set {key}.num_classes={count}.'
    evaluator = source.key.split('_')[0] + '_evaluator'
    several = isinstance(checked.cfg.get(evaluator), (list, tuple))
    return (
        f'{message}List all {number} classes of the training in {source.key}.metainfo.classes, in '
        'the same order, and get the metrics of each class with\n'
        f"--cfg-options {evaluator}{'.0' if several else ''}.classwise=True. "
        f'(For a model with {count} classes, set {key}.num_classes={count} and train it.)')
