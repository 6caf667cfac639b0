"""Non-maximum suppression side by side with OpenCV's.

Both get the same boxes and must keep the same ones before anything is timed.
Then they take turns, on one thread each, since OpenCV's knows no more, and the
medians are printed:

    python benchmarks/bench_nms.py
"""
import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch

import fcos_mm  # noqa: F401  (supplies mmcv's operators)

from mmcv.ops import batched_nms  # isort: skip

IOU_THRESHOLD = 0.5
# mmcv would suppress class by class from 10,000 boxes on.
SETTINGS = dict(type='nms', iou_threshold=IOU_THRESHOLD, split_thr=1_000_000)
IMAGE = (1333, 800)  # width, height in pixels


class Case(NamedTuple):
    """Boxes of some objects, as a detector finds them before suppression."""

    boxes: int
    classes: int
    objects: int

    def __str__(self) -> str:
        return f'{self.boxes:,} boxes, {self.classes} classes, {self.objects:,} objects'


CASES = (
    Case(1000, 1, 20),
    Case(4000, 80, 400),
    Case(4000, 80, 4000),
    Case(10000, 80, 1000),
    Case(100000, 80, 10000),
)


def make_boxes(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes scattered around objects, in whole pixels.

    Whole pixels keep single and double precision, with and without a shift
    for the class, at the same IoU.

    Returns:
        (N, 4) boxes x0, y0, x1, y1, (N,) scores that all differ, (N,) classes.
    """
    random = np.random.default_rng(seed)
    center = random.uniform(0, IMAGE, (case.objects, 2))
    size = np.exp(random.uniform(np.log(16), np.log(400), (case.objects, 2)))
    label = random.integers(0, case.classes, case.objects)
    of = np.arange(case.boxes) % case.objects
    size_found = size[of] * np.exp(random.normal(0, 0.15, (case.boxes, 2)))
    center_found = center[of] + random.normal(0, 0.1, (case.boxes, 2)) * size[of]
    lower = np.round(center_found - size_found / 2)
    boxes = np.concatenate([lower, lower + np.round(size_found)], axis=1)
    scores = (random.permutation(case.boxes) + 1) / (case.boxes + 1)
    return boxes.astype(np.float32), scores.astype(np.float32), label[of]


def contenders(case: Case, seed: int) -> tuple[Callable, Callable]:
    """The two functions to time; each returns the indices it keeps."""
    boxes, scores, labels = make_boxes(case, seed)
    tensors = [torch.from_numpy(array) for array in (boxes, scores, labels)]
    sized = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    lists = [array.tolist() for array in (sized, scores, labels)]
    return (lambda: batched_nms(*tensors, SETTINGS)[1].numpy(),
            lambda: np.asarray(cv2.dnn.NMSBoxesBatched(*lists, 0.0, IOU_THRESHOLD)))


def compare(case: Case, rounds: int, seconds: float, seed: int) -> None:
    """Check that both keep the same boxes, time them in turns, print."""
    ours, theirs = contenders(case, seed)
    start = time.perf_counter()
    kept = ours(), theirs()  # also the warm-up
    if not np.array_equal(np.sort(kept[0]), np.sort(kept[1])):
        raise SystemExit(f'{case}: the two keep different boxes')
    rounds = max(1, min(rounds, int(seconds / (time.perf_counter() - start))))
    times = [[], []]
    for _ in range(rounds):
        for contender, measured in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            contender()
            measured.append(time.perf_counter() - start)
    here, there = (1000 * statistics.median(measured) for measured in times)
    print(f'{case!s:43} {len(kept[0]):7,} {here:10.2f} {there:10.2f} {there / here:7.1f} '
          f'{rounds:7}', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=31, help='timed rounds of a case')
    parser.add_argument('--seconds', type=float, default=30, help='fewer rounds beyond this time')
    parser.add_argument('--seed', type=int, default=0, help='of the boxes')
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f'torch {torch.__version__}, OpenCV {cv2.__version__}; medians in milliseconds')
    print(f'{"case":43} {"kept":>7} {"fcos_mm":>10} {"OpenCV":>10} {"ratio":>7} {"rounds":>7}')
    for case in CASES:
        compare(case, args.rounds, args.seconds, args.seed)


if __name__ == '__main__':
    main()
