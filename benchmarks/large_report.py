"""Time, memory and size of a report on many images, apart from the detection.

The detections are made up: around the boxes, some of them moved, double or of another class,
and noise up to 100 in an image. Without --annotations the boxes are made up too; without
--pictures there are no image files, and the page shows grey fields:

    python benchmarks/large_report.py
    python benchmarks/large_report.py --annotations instances_val2017.json --pictures FOLDER
"""
import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
from annotation_memory import write_annotations

import fcos_mm  # noqa: F401  (supplies mmcv's operators)
from fcos_mm.apis.reporting.predictions import Predictions
from fcos_mm.datasets.coco_format import GROUND_TRUTH, read_coco
from fcos_mm.report.build import build_report
from fcos_mm.report.from_coco import results_from_coco
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.precision import coco_metrics
from fcos_mm.report.results import Found, Image

DETECTIONS = 100  # of an image


def make_detections(data: dict, folder: Path, seed: int = 0) -> Predictions:
    """Detections in all images of annotations in COCO's format, at most 100 in each.

    Args:
        data: The annotations.
        folder: Where the image files would be.
        seed: Of the detections.
    """
    random = np.random.default_rng(seed)
    images = [Image(image['id'], str(folder / image['file_name']), image['width'],
                    image['height']) for image in data['images']]
    places = {image.id: place for place, image in enumerate(images)}
    labels = {category['id']: label for label, category in enumerate(data['categories'])}
    boxes = np.array([row['bbox'] for row in data['annotations']], dtype=np.float64)
    owner = np.array([places[row['image_id']] for row in data['annotations']])
    label = np.array([labels[row['category_id']] for row in data['annotations']])
    source = np.repeat(np.arange(len(boxes)),
                       random.choice(4, len(boxes), p=[.1, .6, .2, .1]))
    sides = np.tile(boxes[source, 2:], 2)
    near = np.concatenate([boxes[source, :2], boxes[source, :2] + boxes[source, 2:]], axis=1)
    near += random.normal(0, .1, near.shape) * sides
    other = np.where(random.random(len(source)) < .1, random.integers(0, len(labels), len(source)),
                     label[source])
    noise = np.repeat(np.arange(len(images)), np.maximum(
        DETECTIONS - np.bincount(owner[source], minlength=len(images)), 0))
    corners = random.random((len(noise), 2, 2)) * np.array(
        [image[2:] for image in images], dtype=np.float64)[noise, None]
    scores = np.concatenate([random.beta(4, 3, len(source)), random.beta(1, 8, len(noise))])
    where = np.concatenate([owner[source], noise])
    order = np.lexsort((-scores, where))
    order = order[np.arange(len(order)) - np.searchsorted(where[order], where[order]) < DETECTIONS]
    found = np.concatenate([near, np.sort(corners, axis=1).reshape(-1, 4)])
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    return Predictions(images, Found(
        found[order], scores[order],
        np.concatenate([other, random.integers(0, len(labels), len(noise))])[order],
        where[order], np.sqrt(scores[order])))


def link_pictures(predictions: Predictions, pictures: Path) -> None:
    """Make the pictures of a folder, over and over, the files of the images."""
    files = sorted(path.resolve() for path in pictures.iterdir())
    for image, file in zip(predictions.images, cycle(files)):
        Path(image.path).parent.mkdir(parents=True, exist_ok=True)
        Path(image.path).symlink_to(file)


def write_report(ann_file: Path, predictions: Predictions, path: Path) -> None:
    """Do what ``fcos-mm report`` does once there are detections."""
    data = read_coco(str(ann_file), GROUND_TRUTH)
    classes = tuple(category['name'] for category in data['categories'])
    results = results_from_coco(data, classes, predictions.images, predictions.found, {})
    results = replace(results, metrics=coco_metrics(results))
    build_report(ReportInputs(results, 'val', str(ann_file), 'weights.pth', '', [], {}), path,
                 'Report')


def main() -> None:
    """Print time, memory and sizes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--annotations', type=Path, metavar='FILE', help='in COCO format')
    parser.add_argument('--pictures', type=Path, metavar='FOLDER',
                        help='of images, which are used over and over')
    parser.add_argument('--images', type=int, default=5000, help='without --annotations')
    parser.add_argument('--boxes', type=int, default=36_781, help='without --annotations')
    parser.add_argument('--out', type=Path, metavar='FILE.html', help='keep the page')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ann_file = args.annotations or folder / 'annotations.json'
        if not args.annotations:
            write_annotations(ann_file, args.images, args.boxes)
        data = json.loads(ann_file.read_text())
        predictions = make_detections(data, folder / 'images')
        if args.pictures:
            link_pictures(predictions, args.pictures)
        page = args.out or folder / 'report.html'
        begin, cpu = time.perf_counter(), time.process_time()
        write_report(ann_file, predictions, page)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        sizes = [f'{file.name} {file.stat().st_size / 1e6:.1f} MB' for file in (
            page, page.with_suffix('.json'), page.with_name('label_faults.json'))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f'{len(data["images"]):,} images, {len(data["annotations"]):,} boxes, '
          f'{len(predictions.found.scores):,} detections: {seconds:.1f} s ({cpu:.1f} s of CPU), '
          f'{peak / 1e6:,.0f} MB at most; {", ".join(sizes)}')


if __name__ == '__main__':
    main()
