"""Checks that data, ``metainfo.classes`` and the head name the same classes."""
from collections import Counter
from collections.abc import Callable

from fcos_mm.datasets.coco_format import is_id, parent_category
from fcos_mm.errors import UserError

from .source import CocoSource


def check_categories(source: CocoSource, data: dict,
                     warn: Callable[[str], None]) -> None:
    """Compare the categories of an annotation file with the classes.

    Our datasets number the labels in the order of ``metainfo.classes``. mmdet's
    own number them in the order of the file's categories and name them in the
    order of the classes, so there the order counts too. A config may train on
    some of the categories only; that draws a warning.

    Args:
        source: The dataset.
        data: Its annotation file's contents.
        warn: Called with a message about boxes of categories left out, and
            about a category that only groups the others.

    Raises:
        UserError: If a class is not in the data or stands there twice, or the
            orders differ where they count.
    """
    names = _category_names(source, data)
    double = [name for name, times in Counter(source.classes).items() if times > 1]
    if double:
        raise UserError(f'{source.describe()}: metainfo.classes has {double} more than once.\n'
                        f'Write every name once in {source.key}.metainfo.classes.')
    parent = parent_category(data)
    if parent is not None and parent['name'] not in source.classes:
        warn(f"{source.describe()}: category {parent['name']!r} with id {parent['id']!r} has no "
             'boxes and is the supercategory of all others: ignored.')
        names.remove(parent['name'])
    missing = [name for name in source.classes if name not in names]
    unknown = [name for name in names if name not in source.classes]
    if missing:
        raise UserError(_disagreement(source, names, missing, unknown))
    used = tuple(name for name in names if name in source.classes)
    if used != source.classes and not source.labels_by_name:
        raise UserError(
            f'{source.describe()}: the classes stand in another order than '
            'the categories of the data, so labels would get wrong names.\n'
            f'  metainfo.classes: {source.classes}\n  categories: {used}\n'
            f'Write {source.key}.metainfo.classes in the order of the data.')
    _warn_left_out(source, data, unknown, warn)


def _category_names(source: CocoSource, data: dict) -> list:
    for index, category in enumerate(data['categories']):
        if (not isinstance(category, dict) or not is_id(category.get('id'))
                or not isinstance(category.get('name'), str)):
            raise UserError(
                f"{source.ann_file}: entry {index} of 'categories' is "
                f'{category!r}.\nGive every category an id and a name.')
    for field in ('id', 'name'):
        count = Counter(category[field] for category in data['categories'])
        double = [value for value, times in count.items() if times > 1]
        if double:
            raise UserError(
                f"{source.ann_file}: 'categories' has the {field} "
                f'{double} more than once.\nGive every category an id and a '
                'name of its own.')
    return [category['name'] for category in data['categories']]


def _disagreement(source: CocoSource, names: list, missing: list,
                  unknown: list) -> str:
    origin = '' if source.classes_given else (
        " (not set in the config, so the dataset type's own are used)")
    return (f'{source.describe()}: the classes and the categories of the data '
            'disagree.\n'
            f'  metainfo.classes{origin}: {_listing(source.classes)}\n'
            f'  categories of the data: {_listing(names)}\n'
            f'  classes missing from the data: {_listing(missing)}\n'
            f'  categories unknown to the classes: {_listing(unknown)}\n'
            f'Set {source.key}.metainfo=dict(classes=...) to the names in '
            'the data, spelled and ordered as there.')


def _listing(names, limit: int = 12) -> str:
    if not names:
        return 'none'
    text = ', '.join(repr(name) for name in list(names)[:limit])
    rest = len(names) - limit
    return text + (f' and {rest} more' if rest > 0 else '')


def _warn_left_out(source: CocoSource, data: dict, unknown: list,
                   warn: Callable[[str], None]) -> None:
    name_of = {entry['id']: entry['name'] for entry in data['categories']}
    count = Counter(name_of[box['category_id']] for box in data['annotations'])
    lost = {name: count[name] for name in unknown if count[name]}
    if lost:
        warn(f'{source.describe()}: {sum(lost.values())} of '
             f"{len(data['annotations'])} boxes are left out because their "
             f'category is not in metainfo.classes: {lost}\n'
             'If that is not wanted, add the names to '
             f'{source.key}.metainfo.classes.')


def check_num_classes(cfg, source: CocoSource) -> None:
    """Compare the number of classes of the heads with that of the data.

    Args:
        cfg: The config.
        source: A dataset of it.

    Raises:
        UserError: If a head predicts another number of classes.
    """
    model = cfg.get('model') or {}
    heads = {'model.bbox_head': model.get('bbox_head')}
    roi_head = model.get('roi_head')
    if isinstance(roi_head, dict):
        heads['model.roi_head.bbox_head'] = roi_head.get('bbox_head')
    for key, head in heads.items():
        several = isinstance(head, (list, tuple))
        for index, part in enumerate(head if several else [head]):
            name = f'{key}.{index}' if several else key
            _check_head(cfg, name, part, source)


def _check_head(cfg, key: str, head, source: CocoSource) -> None:
    number = head.get('num_classes') if isinstance(head, dict) else None
    if number is None or number == len(source.classes):
        return
    message = (f'{key}.num_classes is {number}, but {source.describe()} has '
               f'{len(source.classes)} classes: {_listing(source.classes)}.\n')
    if source.key.startswith('train_dataloader') or len(source.classes) > number:
        raise UserError(f'{message}Set {key}.num_classes={len(source.classes)}.')
    evaluator = source.key.split('_')[0] + '_evaluator'
    several = isinstance(cfg.get(evaluator), (list, tuple))
    raise UserError(
        f'{message}Write in {source.key}.metainfo.classes all {number} classes of the training, '
        'in its order, and read the figures of single classes with\n'
        f"--cfg-options {evaluator}{'.0' if several else ''}.classwise=True. "
        f'(For a model of {len(source.classes)} classes: {key}.num_classes='
        f'{len(source.classes)}, and train it.)')
