"""The paper's figures, drawn from the runs' folders."""
import os.path as osp
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.apis import init_detector
from mmengine.config import Config
from pycocotools.coco import COCO

from fcos_mm.analysis.figures.centerness_map import draw_centerness
from fcos_mm.analysis.figures.location_map import draw_locations
from fcos_mm.analysis.figures.picks import ordinary_annotations, ordinary_boxes, pick_images
from fcos_mm.analysis.figures.precision_recall import draw_precision_recall
from fcos_mm.analysis.figures.qualitative import draw_qualitative
from fcos_mm.analysis.figures.score_iou import draw_score_iou
from fcos_mm.analysis.score_iou import score_and_iou
from fcos_mm.atomic_file import write_json
from fcos_mm.errors import UserError
from fcos_mm.evaluation.table_metrics import class_agnostic_numbers
from fcos_mm.paper.measures import truth_of
from fcos_mm.paper.runs import Run, Settings

Tests = dict[str, Run]
_LEAST_SCORE = 0.2  # of a detection in Fig. 8: products with center-ness are small
_LABELS = {'retinanet': 'RetinaNet', 'retinanet_gn': 'RetinaNet w/ GN', 'fcos': 'FCOS'}


class FigureOfPaper(NamedTuple):
    """A figure of the paper.

    ``draw`` is called with the tests by name, the file without its suffix, and the id of an image
    or None; it returns the numbers in the figure.
    """
    title: str  # what it shows
    tests: tuple[str, ...]  # that it is drawn from
    draw: Callable[[Tests, Path, int | None], dict]


def write_figure(name: str, settings: Settings, image_id: int | None = None) -> str:
    """Draw a figure from the runs of the first seed, with its numbers as JSON beside it.

    ``image_id`` is the image of Fig. 3; None: one with overlapping boxes. Returns title and path.

    Raises:
        UserError: If a run is not finished, or was made with other settings or weights.
    """
    figure, path = FIGURES[name], settings.out / name
    tests = {test: Run(settings, test.split(':')[0], test=test) for test in figure.tests}
    missing = [name for name, test in tests.items() if test.finished is None]
    if missing:
        raise UserError(f'{figure.title} is drawn from runs that are not finished: '
                        f'{", ".join(missing)}, seed 0.')
    for test in tests.values():
        test.check()
    write_json(figure.draw(tests, path, image_id), f'{path}.json')
    return f'{figure.title}: {path}.png'


def _centerness(tests: Tests, path: Path, image_id: int | None) -> dict:
    test = tests['fcos']
    cfg, truth = test.training.config(), truth_of(test)
    if image_id is None:
        image_id = image_of_figure3(truth)
    if image_id not in truth.imgs:
        raise UserError(f'There is no image {image_id} in the annotations.')
    image = osp.join(_image_folder(cfg), truth.imgs[image_id]['file_name'])
    categories = truth.getCatIds()
    labels = np.array([categories.index(row['category_id'])
                       for row in ordinary_annotations(truth, image_id)], dtype=np.int64)
    names = [category['name'] for category in truth.loadCats(categories)]
    scene = (cfg, image, ordinary_boxes(truth, image_id), labels, names)
    model = init_detector(cfg, test.checkpoint, device='cpu')
    draw_centerness(*scene, f'{path}.png')
    draw_centerness(*scene, f'{path}_predicted.png', model=model)
    draw_locations(*scene, f'{path}_locations.png')
    return dict(image_id=image_id, file_name=osp.basename(image))


def image_of_figure3(truth: COCO) -> int:
    """Pick an image with overlapping boxes, else the one with the most boxes.

    Raises:
        UserError: If no image has a box.
    """
    picks = pick_images(truth, 1)
    for ids in (picks['overlapping'], *picks.values()):
        if ids:
            return ids[0]
    raise UserError('There is no image with boxes to draw Figure 3 on.')


def _image_folder(cfg: Config) -> str:
    dataset = cfg.test_dataloader.dataset
    return osp.join(dataset.data_root, dataset.data_prefix['img'])


def _precision_recall(tests: Tests, path: Path, image_id: int | None, *, iou: float) -> dict:
    found = {_LABELS[name]: class_agnostic_numbers(truth_of(test), str(test.results))
             for name, test in tests.items()}
    draw_precision_recall(
        {name: numbers.precision[iou] for name, numbers in found.items()}, f'{path}.png', iou=iou,
        ap={name: getattr(numbers, f'AP{iou * 100:.0f}') for name, numbers in found.items()})
    return {name: numbers.to_dict() for name, numbers in found.items()}


def _score_iou(tests: Tests, path: Path, image_id: int | None) -> dict:
    without, with_ = (score_and_iou(truth_of(tests[name]), str(tests[name].results))
                      for name in ('fcos:none', 'fcos'))
    draw_score_iou((without.scores, without.ious), (with_.scores, with_.ious), f'{path}.png')
    return {name: dict(detections=len(found.scores), below_line=found.below_line,
                       confident_but_poor=found.confident_but_poor)
            for name, found in (('without', without), ('with', with_))}


def _qualitative(tests: Tests, path: Path, image_id: int | None) -> dict:
    test = tests['fcos']
    truth = truth_of(test)
    draw_qualitative(truth, str(test.results), _image_folder(test.config()), f'{path}.png',
                     score_thr=_LEAST_SCORE)
    return dict(image_ids=pick_images(truth))


FIGURES: dict[str, FigureOfPaper] = {
    'figure3': FigureOfPaper('Figure 3: center-ness', ('fcos', ), _centerness),
    **{f'figure{number}': FigureOfPaper(
        f'Figure {number}: class-agnostic precision and recall at IoU {iou:.2f}',
        tuple(_LABELS), partial(_precision_recall, iou=iou))
       for number, iou in ((4, 0.5), (5, 0.75), (6, 0.9))},
    'figure7': FigureOfPaper('Figure 7: score and IoU, without and with center-ness',
                             ('fcos', 'fcos:none'), _score_iou),
    'figure8': FigureOfPaper('Figure 8: detections', ('fcos', ), _qualitative),
}
