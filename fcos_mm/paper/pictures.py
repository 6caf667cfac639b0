"""The paper's figures, drawn from the runs' folders."""
import os.path as osp
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.apis import init_detector
from mmengine.config import Config
from pycocotools.coco import COCO

from fcos_mm.analysis.figures.centerness_map import draw_centerness
from fcos_mm.analysis.figures.location_map import draw_locations
from fcos_mm.analysis.figures.picks import (
    ordinary_annotations,
    ordinary_boxes,
    pick_pictures,
)
from fcos_mm.analysis.figures.precision_recall import draw_precision_recall
from fcos_mm.analysis.figures.qualitative import draw_qualitative
from fcos_mm.analysis.figures.score_iou import draw_score_iou
from fcos_mm.analysis.score_iou import score_and_iou
from fcos_mm.errors import UserError
from fcos_mm.evaluation.table_metrics import class_agnostic_numbers
from fcos_mm.paper.measures import truth_of
from fcos_mm.paper.runs import Evaluation, Settings, Training


class Picture(NamedTuple):
    """A figure of the paper.

    Attributes:
        title: What it shows.
        tests: The tests it is drawn from.
        draw: Called with the tests by name, the file to write without its
            ending, and the id of an image or None; returns numbers to keep.
    """
    title: str
    tests: tuple[str, ...]
    draw: Callable[[dict[str, Evaluation], Path, int | None], dict]


def draw(name: str, settings: Settings, seed: int, image_id: int | None = None) -> dict:
    """Draw a figure.

    Args:
        name: Key of ``PICTURES``.
        settings: Of the command.
        seed: The seed whose runs are drawn.
        image_id: The picture of Fig. 3; None: one with boxes that overlap.

    Returns:
        The numbers in the figure.

    Raises:
        UserError: If a run that it needs is not finished, or was made with other
            settings or weights.
    """
    picture = PICTURES[name]
    tests = {test: Evaluation(Training(settings, test.split(':')[0], seed), test)
             for test in picture.tests}
    missing = [test for test, evaluation in tests.items() if evaluation.finished is None]
    if missing:
        raise UserError(f'{picture.title} is drawn from runs that are not finished: '
                        f'{", ".join(missing)}, seed {seed}.')
    for evaluation in tests.values():
        evaluation.check()
    return picture.draw(tests, settings.out / name, image_id)


def _centerness(tests: dict[str, Evaluation], path: Path, image_id: int | None) -> dict:
    """Fig. 3: the center-ness of a picture, and which location answers for which box."""
    evaluation = tests['fcos']
    cfg, truth = evaluation.training.config(), truth_of(evaluation.config())
    if image_id is None:
        image_id = picked(truth)
    image, boxes, labels, names = _image(cfg, truth, image_id)
    model = init_detector(cfg, evaluation.training.checkpoint, device='cpu')
    draw_centerness(cfg, image, boxes, labels, names, f'{path}.png')
    draw_centerness(cfg, image, boxes, labels, names, f'{path}_predicted.png', model=model)
    draw_locations(cfg, image, boxes, labels, names, f'{path}_locations.png')
    return dict(image_id=image_id, file_name=osp.basename(image))


def picked(truth: COCO) -> int:
    """Pick the picture of Fig. 3: one with boxes that overlap, else the one with the most.

    Args:
        truth: The annotations.

    Raises:
        UserError: If no picture has a box.
    """
    picks = pick_pictures(truth, 1)
    for ids in (picks['overlapping'], *picks.values()):
        if ids:
            return ids[0]
    raise UserError('There is no picture with boxes to draw Figure 3 on.')


def _image(cfg: Config, truth: COCO, image_id: int) -> tuple:
    """Path, boxes (G, 4), labels (G,) and class names of an image."""
    if image_id not in truth.imgs:
        raise UserError(f'There is no image {image_id} in the annotations.')
    dataset = cfg.test_dataloader.dataset
    folder = osp.join(dataset.data_root, dataset.data_prefix['img'])
    path = osp.join(folder, truth.imgs[image_id]['file_name'])
    categories = truth.getCatIds()
    labels = np.array([categories.index(row['category_id'])
                       for row in ordinary_annotations(truth, image_id)], dtype=np.int64)
    names = [category['name'] for category in truth.loadCats(categories)]
    return path, ordinary_boxes(truth, image_id), labels, names


def _precision_recall(iou: float) -> Callable[[dict[str, Evaluation], Path, int | None], dict]:
    def drawn(tests: dict[str, Evaluation], path: Path, image_id: int | None) -> dict:
        found = {
            _LABELS[name]: class_agnostic_numbers(
                truth_of(evaluation.config()), str(evaluation.results))
            for name, evaluation in tests.items()}
        curves = {name: numbers.precision[iou] for name, numbers in found.items()}
        ap = {name: getattr(numbers, f'AP{iou * 100:.0f}') for name, numbers in found.items()}
        draw_precision_recall(curves, f'{path}.png', iou=iou, ap=ap)
        return {name: numbers.to_dict() for name, numbers in found.items()}
    return drawn


def _score_iou(tests: dict[str, Evaluation], path: Path, image_id: int | None) -> dict:
    """Fig. 7: score against IoU, without and with center-ness."""
    before, after = (
        score_and_iou(truth_of(tests[name].config()), str(tests[name].results))
        for name in ('fcos:none', 'fcos'))
    draw_score_iou(
        (before.scores, before.ious), (after.scores, after.ious), f'{path}.png')
    return {name: dict(detections=len(found.scores), below_line=found.below_line,
                       confident_but_poor=found.confident_but_poor)
            for name, found in (('without', before), ('with', after))}


def _qualitative(tests: dict[str, Evaluation], path: Path, image_id: int | None) -> dict:
    """Fig. 8: detections in crowded, overlapping, tiny and huge objects."""
    evaluation = tests['fcos']
    cfg = evaluation.training.config()
    dataset = cfg.test_dataloader.dataset
    folder = osp.join(dataset.data_root, dataset.data_prefix['img'])
    truth = truth_of(evaluation.config())
    draw_qualitative(truth, str(evaluation.results), folder, f'{path}.png', score_thr=_DRAWN_FROM)
    return dict(image_ids=pick_pictures(truth))


#: Least score of a detection in Fig. 8: products with center-ness are small.
_DRAWN_FROM = 0.2

_LABELS = {'retinanet': 'RetinaNet', 'retinanet_gn': 'RetinaNet w/ GN', 'fcos': 'FCOS'}

PICTURES: dict[str, Picture] = {
    'figure3': Picture('Figure 3: center-ness', ('fcos', ), _centerness),
    'figure4': Picture('Figure 4: class-agnostic precision and recall at IoU 0.50',
                       tuple(_LABELS), _precision_recall(0.5)),
    'figure5': Picture('Figure 5: class-agnostic precision and recall at IoU 0.75',
                       tuple(_LABELS), _precision_recall(0.75)),
    'figure6': Picture('Figure 6: class-agnostic precision and recall at IoU 0.90',
                       tuple(_LABELS), _precision_recall(0.9)),
    'figure7': Picture('Figure 7: score and IoU, without and with center-ness',
                       ('fcos', 'fcos:none'), _score_iou),
    'figure8': Picture('Figure 8: detections', ('fcos', ), _qualitative),
}
