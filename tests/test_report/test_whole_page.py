"""The report with all its chapters, in a browser."""
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fcos_mm.evaluation.coco_files import quiet
from fcos_mm.report.build import CHAPTERS, build_report
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.precision import coco_metrics
from fcos_mm.report.results import Image

LOOK = '''
    const text = (part, chosen) => Array.from(part.querySelectorAll(chosen), e => e.textContent);
    return {
      width: [innerWidth, document.documentElement.scrollWidth],
      chapters: Array.from(document.querySelectorAll('section'), part => part.id),
      charts: document.querySelectorAll('.chart').length,
      unmarked: Array.from(document.querySelectorAll('.chart'), chart => chart.querySelector(
        '.mark') ? '' : chart.querySelector('figcaption').textContent).filter(Boolean),
      facts: Object.fromEntries(Array.from(document.querySelectorAll('#summary dl > div'),
        fact => [text(fact, 'dt')[0], text(fact, 'dd')[0]])),
      classes: Array.from(document.querySelectorAll('#classes tbody tr'),
        row => text(row, 'th, td')),
    };
'''


@pytest.fixture(scope='module')
def scene(results_of):
    """24 images with up to three boxes, found with shifts, some of them not, and errors."""
    rng = np.random.default_rng(0)
    truth, found, class_scores = [], [], []
    for image in range(24):
        for _ in range(rng.integers(1, 4)):
            label, corner, sides = rng.integers(3), rng.uniform(0, 40, 2), rng.uniform(8, 30, 2)
            truth.append((image, label, (*corner, *sides)))
            for _ in range(rng.integers(0, 3)):
                other = rng.integers(3) if rng.random() < 0.2 else label
                shifted = corner + rng.uniform(-4, 4, 2)
                found.append((image, other, (*shifted, *sides), round(rng.random(), 4)))
    class_scores = [min(1., row[-1] * 1.2) for row in found]
    return results_of(truth, found, images=24, class_scores=class_scores)


@pytest.fixture(scope='module')
def written(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp('report')
    cv2.imwrite(str(folder / 'picture.jpg'), np.full((60, 90, 3), 90, np.uint8))
    images = [Image(image.id, str(folder / 'picture.jpg'), 90, 60) for image in scene.images]
    logs = [dict(loss=2 / step, loss_cls=1 / step, loss_centerness=0.7, lr=0.01, iter=step,
                 centerness_above_floor=0.1, step=step) for step in range(1, 9)]
    logs += [{'coco/bbox_mAP': 0.1 * step, 'step': step} for step in (4, 8)]
    data = {'val': dict(images=24, boxes=48, classes=dict.fromkeys(scene.classes, 16))}
    results = replace(scene, images=images)
    results = replace(results, metrics=coco_metrics(results))
    inputs = ReportInputs(results, 'val', 'val.json', 'a.pth', 'a = 1', logs,
                          {'device': 'CPU'}, data=data)
    build_report(inputs, folder / 'report.html', 'Report')
    return folder / 'report.html'


@pytest.fixture(scope='module')
def seen(browser, written):
    return browser.look(written, LOOK, widths=(1280, 390))


@pytest.fixture(scope='module')
def evaluated(scene):
    """pycocotools on the same results."""
    def rows(part):
        corners = part.boxes.tolist()
        return [dict(image_id=int(image), category_id=int(label) + 1, bbox=[
            x0, y0, x1 - x0, y1 - y0]) for image, label, (x0, y0, x1, y1) in zip(
                part.images, part.labels, corners)]
    truth = COCO()
    truth.dataset = dict(
        images=[dict(id=place) for place in range(24)],
        categories=[dict(id=place + 1, name=name) for place, name in enumerate(scene.classes)],
        annotations=[dict(row, id=place + 1, iscrowd=0, area=row['bbox'][2] * row['bbox'][3])
                     for place, row in enumerate(rows(scene.truth))])
    with quiet():
        truth.createIndex()
        found = truth.loadRes([dict(row, score=float(score)) for row, score in zip(
            rows(scene.found), scene.found.scores)])
        evaluation = COCOeval(truth, found, 'bbox')
        evaluation.evaluate(), evaluation.accumulate(), evaluation.summarize()
    return evaluation


def test_it_asks_for_nothing_and_reports_no_error(seen):
    assert seen.console == [] and seen.requests == []


@pytest.mark.parametrize('width', [1280, 390])
def test_it_fits_the_screen(seen, width):
    assert seen.results[width]['width'] == [width, width]


def test_it_has_all_chapters_and_every_chart_shows_data(seen):
    assert seen.results[1280]['chapters'] == ['summary', *(make.__name__ for make in CHAPTERS)]
    assert seen.results[1280]['charts'] == 16 and seen.results[1280]['unmarked'] == []


def test_its_numbers_are_those_of_pycocotools(scene, seen, evaluated, written):
    facts = seen.results[1280]['facts']
    content = json.loads(written.with_suffix('.json').read_text())
    assert [facts['AP'], facts['AP50']] == [f'{AP:.3f}' for AP in evaluated.stats[:2]]
    assert content['summary']['precision']['AP'] == round(evaluated.stats[0], 3)  # as mmdet's
    precision = evaluated.eval['precision'][:, :, :, 0, -1].mean(axis=(0, 1))
    shown = {row[0]: row[3] for row in seen.results[1280]['classes']}
    assert shown.pop('all') == facts['AP']
    assert shown == {name: f'{AP:.3f}' for name, AP in zip(scene.classes, precision)}
