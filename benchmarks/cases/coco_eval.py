"""The twelve COCO numbers of a val2017-sized set (against pycocotools').

First matching and accumulation alone, by the library that ``CocoMetric`` chooses where
faster-coco-eval is installed, then the whole metric with the file of detections it writes,
against mmdet's. The numbers must be equal to the last digit.
"""
import contextlib
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from harness.case import Case, NotAvailable
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fcos_mm.errors import UserError
from fcos_mm.evaluation import CocoMetric
from fcos_mm.evaluation.coco_backend import choose_evaluator

from mmdet.evaluation import CocoMetric as MMDetCocoMetric  # isort: skip

IMAGES, BOXES, CLASSES = 5_000, 36_335, 80
NOISE = 10  # detections of nothing, an image


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the two cases; pycocotools takes part whatever detectors do."""
    if device != 'cpu':
        raise NotAvailable('the numbers are computed on the CPU')
    try:
        evaluator = choose_evaluator('faster-coco-eval')
    except UserError as error:
        raise NotAvailable(str(error)) from error
    known, found = make_sets(seed=0)
    count = len(found.dataset['annotations'])
    yield Case(
        f'{IMAGES:,} images, {BOXES:,} boxes, {count:,} detections',
        ours=evaluation(evaluator, known, found),
        peers=dict(pycocotools=evaluation(COCOeval, known, found)),
        same=same,
        columns=dict(images=IMAGES, boxes=BOXES, detections=count))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'annotations.json')
        path.write_text(json.dumps(known.dataset))
        yield Case(
            f'CocoMetric with its files, {count:,} detections',
            ours=metric(CocoMetric, path, found),
            peers=dict(mmdet=metric(MMDetCocoMetric, path, found)) if 'mmdet' in against else {},
            same=lambda here, there: '' if here == there else f'{here} and {there}',
            columns=dict(images=IMAGES, boxes=BOXES, detections=count))


def metric(kind: type, path: Path, found: COCO) -> Callable[[], dict]:
    """A function that lets a metric compute what it logs."""
    results = []
    for image in range(IMAGES):
        rows = found.imgToAnns[image]
        boxes = np.array([row['bbox'] for row in rows], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        results.append((dict(img_id=image), dict(
            img_id=image, bboxes=boxes, labels=np.array([row['category_id'] for row in rows]),
            scores=np.array([row['score'] for row in rows], np.float32))))
    with contextlib.redirect_stdout(io.StringIO()):
        built = kind(str(path))
    built.dataset_meta = dict(classes=[str(index) for index in range(CLASSES)])

    def run() -> dict:
        with contextlib.redirect_stdout(io.StringIO()):
            return built.compute_metrics(results)

    return run


def evaluation(evaluator: type, known: COCO, found: COCO) -> Callable[[], np.ndarray]:
    """A function that returns the twelve numbers."""

    def run() -> np.ndarray:
        with contextlib.redirect_stdout(io.StringIO()):
            once = evaluator(known, found, 'bbox')
            once.evaluate()
            once.accumulate()
            once.summarize()
        return once.stats

    return run


def same(here: np.ndarray, there: np.ndarray) -> str:
    """Compare the numbers, bit by bit."""
    return '' if np.array_equal(here, there) else f'{here.tolist()} and {there.tolist()}'


def make_sets(seed: int) -> tuple[COCO, COCO]:
    """Ground truth and detections: its boxes moved a little, some of them lost, and noise.

    Sizes, crowds (1 in 80) and how often a class occurs are roughly COCO's.
    """
    random = np.random.default_rng(seed)
    image = random.integers(0, IMAGES, BOXES)
    label = np.minimum(random.exponential(12, BOXES).astype(int), CLASSES - 1)
    size = np.exp(random.normal(np.log(55), 1.1, (BOXES, 2))).clip(4, 480)
    boxes = np.concatenate([random.uniform(0, 1, (BOXES, 2)) * (640 - size), size], axis=1)
    crowd = random.random(BOXES) < 1 / 80
    kept = random.random(BOXES) < 0.9
    near = boxes + random.normal(0, 0.08, boxes.shape) * np.tile(size, 2)
    corners = random.uniform(0, 500, (NOISE * IMAGES, 2))
    noise = np.concatenate([corners, random.uniform(10, 140, corners.shape)], axis=1)
    found = np.concatenate([near[kept], noise])
    found[:, 2:] = found[:, 2:].clip(1)
    found_image = np.concatenate([image[kept], np.repeat(np.arange(IMAGES), NOISE)])
    found_label = np.concatenate([label[kept], random.integers(0, CLASSES, len(noise))])
    score = np.concatenate([random.beta(2, 2, kept.sum()), random.beta(1, 4, len(noise))])
    truth = dict(
        images=[dict(id=index, width=640, height=640) for index in range(IMAGES)],
        categories=[dict(id=index, name=str(index)) for index in range(CLASSES)],
        annotations=rows(image, label, boxes, iscrowd=crowd.astype(int)))
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = truth
        known.createIndex()
        return known, known.loadRes(rows(found_image, found_label, found, score=score.round(4)))


def rows(image: np.ndarray, label: np.ndarray, boxes: np.ndarray, **more: np.ndarray) -> list[dict]:
    """Annotations or detections as COCO's files have them."""
    columns = [image.tolist(), label.tolist(), boxes.round(2).tolist(),
               *(values.tolist() for values in more.values())]
    return [dict(id=index, image_id=of, category_id=kind, bbox=box, area=box[2] * box[3],
                 **dict(zip(more, rest)))
            for index, (of, kind, box, *rest) in enumerate(zip(*columns), start=1)]
