"""How many planted label faults are among the suspects of a report.

Takes the annotations of a split and the detections on it that a test has written, deletes boxes,
gives others another class, adds some on background, and lists the suspects as a report does:

    fcos-mm test work_dirs/mine --out found.pkl
    python benchmarks/planted_faults.py test.json found.pkl

The categories of the file must be in the order of the model's classes. Printed are means over
several plantings. The annotations have faults of their own: "new" leaves out the suspects that
are there before anything is planted.
"""
import argparse
from dataclasses import replace

import numpy as np

import fcos_mm  # noqa: F401  (supplies mmcv's operators)
from fcos_mm.apis.draw_grid import read_predictions
from fcos_mm.apis.reporting.predictions import collect
from fcos_mm.datasets.coco_format import GROUND_TRUTH, read_coco
from fcos_mm.evaluation.label_faults import Suspect
from fcos_mm.evaluation.matcher import overlapping, to_xywh
from fcos_mm.report.from_coco import results_from_coco
from fcos_mm.report.results import Boxes, Results

DELETED, SWAPPED, ADDED = 20, 10, 10
FIRST = (20, 40, 80)


def plant(results: Results, seed: int) -> Results:
    """The same detections, and annotations with planted faults.

    The id of a box is its place before, with its old class if that was changed, and None if it
    was added.

    Args:
        results: With the annotations as they are; none a crowd.
        seed: Of the choice of boxes.
    """
    random = np.random.default_rng(seed)
    truth, classes = results.truth, len(results.classes)
    chosen = random.permutation(len(truth.boxes))
    swapped, kept = chosen[DELETED:DELETED + SWAPPED], np.sort(chosen[DELETED:])
    labels = truth.labels.copy()
    labels[swapped] = (labels[swapped] + random.integers(1, classes, SWAPPED)) % classes
    boxes, images = _on_background(results, random)
    ids = [(int(box), 'swapped' if box in set(swapped.tolist()) else 'kept') for box in kept]
    return replace(results, truth=Boxes(
        np.concatenate([truth.boxes[kept], boxes]),
        np.concatenate([labels[kept], random.integers(0, classes, ADDED)]),
        np.concatenate([truth.images[kept], images]),
        np.zeros(len(kept) + ADDED, dtype=bool), [*ids, *[(None, 'added')] * ADDED]))


def _on_background(results: Results, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Boxes as large as annotated ones with an IoU below 0.1 with each, and their images."""
    truth, count = results.truth, 50 * ADDED
    images = random.integers(0, len(results.images), count)
    sides = (truth.boxes[:, 2:] - truth.boxes[:, :2])[random.integers(0, len(truth.boxes), count)]
    free = np.array([results.images[image][2:] for image in images], dtype=float) - sides
    corners = random.random((count, 2)) * free.clip(min=0)
    boxes = np.concatenate([corners, corners + sides], axis=1)
    near = overlapping(to_xywh(boxes), images, to_xywh(truth.boxes), truth.images,
                       truth.crowd, 0.1).found
    fits = np.setdiff1d(np.flatnonzero((free >= 0).all(1)), near)[:ADDED]
    return boxes[fits], images[fits]


def planted_fault(suspect: Suspect, planted: Results, before: Results) -> tuple | None:
    """Which planted fault a suspect is about; None if it is about none."""
    if suspect.box >= 0:
        old, what = planted.truth.ids[suspect.box]
        return None if what == 'kept' else (what, suspect.box)
    there = {old for old, _ in planted.truth.ids}
    box = planted.found.boxes[[suspect.detection]]
    images = np.array([suspect.image])
    near = overlapping(to_xywh(box), images, to_xywh(before.truth.boxes), before.truth.images,
                       before.truth.crowd, 0.5).known.tolist()
    return next((('deleted', old) for old in near if old not in there), None)


def key(suspect: Suspect, results: Results) -> tuple:
    """What a suspect is about, whether or not faults are planted."""
    box = results.truth.ids[suspect.box][0] if suspect.box >= 0 else None
    return suspect.reason, box, suspect.detection


def main() -> None:
    """Print how many planted faults are among the first suspects."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', help='in COCO format')
    parser.add_argument('predictions', help='what fcos-mm test --out has written')
    parser.add_argument('--times', type=int, default=20, help='how often faults are planted')
    args = parser.parse_args()
    data = read_coco(args.annotations, GROUND_TRUTH)
    found = collect(read_predictions(args.predictions),
                    {image['id']: place for place, image in enumerate(data['images'])})
    before = results_from_coco(data, [category['name'] for category in data['categories']],
                               found.images, found.found, {})
    before = replace(before, truth=replace(
        before.truth, ids=[(place, 'kept') for place in range(len(before.truth.boxes))]))
    old = {key(suspect, before) for suspect in before.suspects}
    print(f'{len(old)} suspects before. Planted: {DELETED} deleted, {SWAPPED} swapped, '
          f'{ADDED} added')
    rows = {}
    for seed in range(args.times):
        planted = plant(before, seed)
        suspects = [(suspect, planted_fault(suspect, planted, before))
                    for suspect in planted.suspects]
        new = [fault for suspect, fault in suspects if key(suspect, planted) not in old]
        for name, listed in (('all', [fault for _, fault in suspects]), ('new', new)):
            for first in (*FIRST, None):
                label = f'{name}, first {first}' if first else f'{name}, the whole list'
                kinds = [what for what, _ in set(listed[:first]) - {None}]
                rows.setdefault(label, []).append(
                    [len(listed[:first]), *map(kinds.count, ('deleted', 'swapped', 'added'))])
    print('| suspects | number | deleted | swapped | added |\n| --- | --- | --- | --- | --- |')
    for label, counts in rows.items():
        print(f'| {label} | ' + ' | '.join(f'{mean:.1f}' for mean in np.mean(counts, axis=0))
              + ' |')


if __name__ == '__main__':
    main()
