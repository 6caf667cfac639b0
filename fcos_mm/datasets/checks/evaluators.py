"""Check that a config's metrics use the images and classes of its dataset."""
import os.path as osp
from collections.abc import Iterator, Sequence
from os import fspath
from typing import NamedTuple

from mmdet.evaluation import CocoMetric as MMDetCocoMetric

from fcos_mm.datasets.checks.source import CocoSource
from fcos_mm.datasets.coco_format import load_coco
from fcos_mm.errors import UserError, shorten
from fcos_mm.registry import METRICS


class _Part(NamedTuple):
    """An evaluator in COCO's format that has an annotation file.

    Attributes:
        ours: Whether it is our metric, which goes by names and takes any ids.
    """
    key: str
    path: str
    ours: bool


def check_evaluators(cfg, key: str, image_ids: Sequence[tuple[CocoSource, set]]) -> None:
    """The file of every metric must hold the classes and images of the dataset, each under its id.

    Raises:
        UserError: If a metric's file is missing or of other data, or images of
            concatenated datasets cannot be told apart.
    """
    used = {osp.realpath(source.ann_file) for source, _ in image_ids}
    files = sorted({source.ann_file for source, _ in image_ids})
    classes = image_ids[0][0].classes
    for part in _parts(cfg, key):
        _check_apart(part.key, image_ids)
        same = len(used) == 1 and osp.realpath(part.path) in used
        if '://' in part.path or (part.ours and same):
            continue
        if not osp.isfile(part.path):
            raise UserError(f'Annotation file not found: {part.path}\nSet {part.key}.ann_file to '
                            f'the file of the dataset: {files}.')
        data = load_coco(part.path, annotated=False)
        known = {image.get('id') for image in data['images']}
        lost = set().union(*(ids for _, ids in image_ids)) - known
        if lost:
            raise UserError(
                f'{part.key}.ann_file ({part.path}) is not about the images of the '
                f'dataset ({files}): {len(lost)} of them are not '
                f'in it.\nSet {part.key}.ann_file to the file of the dataset.')
        _check_classes(part, [entry.get('name') for entry in data['categories']], classes)
        _check_zero(part, data)


def _check_apart(name: str, image_ids: Sequence[tuple[CocoSource, set]]) -> None:
    """Images of concatenated datasets must not share ids: detections would be mixed up."""
    owner: dict = {}
    for source, ids in image_ids:
        shared = next((image_id for image_id in ids if image_id in owner), None)
        if shared is not None:
            raise UserError(
                f'{source.key} and {owner[shared].key} both have an image with the id {shared!r}: '
                f'{name} would take their detections for those of one image.\nNumber the images '
                "of both files differently, or use type='MultiDatasetsEvaluator'.")
        owner.update(dict.fromkeys(ids, source))


def _check_zero(part: _Part, data: dict) -> None:
    """pycocotools marks a box as found by its id."""
    if not part.ours and any(box.get('id') == 0 for box in data['annotations']):
        raise UserError(
            f"{part.key} is mmdet's and takes an annotation with id 0 for one that was never "
            f'found; {part.path} has one.\n'
            f"Set {part.key}.type='fcos_mm.CocoMetric', or number the annotations from 1.")


def _check_classes(part: _Part, names: Sequence[str], classes: Sequence[str]) -> None:
    missing = [name for name in classes if name not in names]
    if missing:
        raise UserError(
            f'{part.key}.ann_file ({part.path}) has no category {missing[0]!r}, which is a class '
            f'of the dataset; its categories are {shorten(list(names))}.\n'
            f'Set {part.key}.ann_file to the file of the dataset.')
    if not part.ours and [name for name in names if name in classes] != list(classes):
        raise UserError(
            f"{part.key} is mmdet's and takes the labels in the order of the categories of "
            f'{part.path}; metainfo.classes has another order.\n'
            f"Set {part.key}.type='fcos_mm.CocoMetric', which goes by the names, or write the "
            'classes in the order of the file.')


def _parts(cfg, key: str) -> Iterator[_Part]:
    """The evaluators in COCO's format that have an annotation file."""
    evaluator = cfg.get(key)
    several = isinstance(evaluator, (list, tuple))
    for index, part in enumerate(evaluator if several else [evaluator]):
        if not isinstance(part, dict) or not part.get('ann_file'):
            continue
        found = _metric_type(part.get('type'))
        if found is not None:
            plain = isinstance(part['type'], str) and '.' not in part['type']
            ours = issubclass(found, METRICS.get('CocoMetric')) and (
                not plain or cfg.get('default_scope', 'fcos_mm') == 'fcos_mm')
            yield _Part(f'{key}.{index}' if several else key, fspath(part['ann_file']), ours)


def _metric_type(name) -> type | None:
    """The metric's class if it is a ``CocoMetric``; LVIS' is one too but reads other files."""
    found = METRICS.get(name) if isinstance(name, str) else name
    alike = isinstance(found, type) and issubclass(found, MMDetCocoMetric)
    return found if alike and found.__name__.endswith('CocoMetric') else None
