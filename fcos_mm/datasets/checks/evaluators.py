"""Check that a config's metrics use the images and classes of its dataset."""
import os.path as osp
from collections.abc import Iterator, Sequence
from os import fspath

from mmdet.evaluation import CocoMetric as MMDetCocoMetric

from fcos_mm.datasets.checks.annotations import CocoSource
from fcos_mm.datasets.coco_format import load_coco
from fcos_mm.errors import UserError, shorten
from fcos_mm.registry import METRICS


def check_evaluators(cfg, key: str, image_ids: Sequence[tuple[CocoSource, set]]) -> None:
    """The file of every metric must hold the classes and images of the dataset, each under its id.

    Raises:
        UserError: If a metric's file is missing or of other data, or images of
            concatenated datasets cannot be told apart.
    """
    used = {osp.realpath(source.ann_file) for source, _ in image_ids}
    files = sorted({source.ann_file for source, _ in image_ids})
    for name, path, ours in _evaluators(cfg, key):
        _check_apart(name, image_ids)
        if '://' in path or (ours and used == {osp.realpath(path)}):
            continue
        remedy = f'Set {name}.ann_file to the annotation file of the dataset'
        if not osp.isfile(path):
            raise UserError(f'Annotation file not found: {path}\n{remedy}: {files}.')
        data = load_coco(path, annotated=False)
        known = {image.get('id') for image in data['images']}
        lost = set().union(*(ids for _, ids in image_ids)) - known
        if lost:
            raise UserError(f'{name}.ann_file ({path}) does not match the dataset ({files}): '
                            f'{len(lost)} of its images are not in it.\n{remedy}.')
        names = [entry.get('name') for entry in data['categories']]
        classes = image_ids[0][0].classes
        missing = [label for label in classes if label not in names]
        if missing:
            raise UserError(
                f'{name}.ann_file ({path}) lacks category {missing[0]!r}, which is a class of the '
                f'dataset. Its categories are {shorten(names)}.\n{remedy}.')
        if not ours:
            in_order = [label for label in names if label in classes] == list(classes)
            _check_for_mmdet(name, path, data, in_order)


def _check_apart(name: str, image_ids: Sequence[tuple[CocoSource, set]]) -> None:
    """Images of concatenated datasets must not share ids: detections would be mixed up."""
    owner: dict = {}
    for source, ids in image_ids:
        shared = next((image_id for image_id in ids if image_id in owner), None)
        if shared is not None:
            raise UserError(
                f'{source.key} and {owner[shared].key} both have an image with the id {shared!r}, '
                f'so {name} would mix up their detections.\nGive the images of the two files '
                "different ids, or use type='MultiDatasetsEvaluator'.")
        owner.update(dict.fromkeys(ids, source))


def _check_for_mmdet(name: str, path: str, data: dict, in_order: bool) -> None:
    """mmdet's metric numbers labels by the file, and pycocotools marks a box as found by its id."""
    ours = f"Set {name}.type='fcos_mm.CocoMetric'"
    if not in_order:
        raise UserError(
            f"{name} is mmdet's metric, which expects the classes in the category order of {path}; "
            f'metainfo.classes has a different order.\n{ours}, which matches classes by name, or '
            'list the classes in the order of the file.')
    if any(box.get('id') == 0 for box in data['annotations']):
        raise UserError(f"{name} is mmdet's metric, which counts an annotation with id 0 as "
                        f'missed; {path} has one.\n{ours}, or number the annotations from 1.')


def _evaluators(cfg, key: str) -> Iterator[tuple[str, str, bool]]:
    """Key and annotation file of the evaluators in COCO's format, and whether they are ours.

    Ours go by names and take any ids.
    """
    evaluator = cfg.get(key)
    several = isinstance(evaluator, (list, tuple))
    for index, part in enumerate(evaluator if several else [evaluator]):
        if not isinstance(part, dict) or not part.get('ann_file'):
            continue
        name = part.get('type')
        found = METRICS.get(name) if isinstance(name, str) else name
        # LVIS' metric is a CocoMetric too but reads other files
        if (isinstance(found, type) and issubclass(found, MMDetCocoMetric)
                and found.__name__.endswith('CocoMetric')):
            plain = isinstance(name, str) and '.' not in name
            ours = issubclass(found, METRICS.get('CocoMetric')) and (
                not plain or cfg.get('default_scope', 'fcos_mm') == 'fcos_mm')
            yield f'{key}.{index}' if several else key, fspath(part['ann_file']), ours
