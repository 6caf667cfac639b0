"""Non-maximum suppression of one image's boxes (against OpenCV's).

Through ``mmcv.ops.batched_nms``, for which fcos_mm supplies the operator where
mmcv came without, against ``cv2.dnn.NMSBoxesBatched``. On the CPU both run on one
thread, since OpenCV's knows no more.
"""
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from harness.case import Case

import fcos_mm  # noqa: F401  (supplies mmcv's operators)

from mmcv.ops import batched_nms  # isort: skip

IOU_THRESHOLD = 0.5
# mmcv would suppress class by class from 10,000 boxes on.
SETTINGS = dict(type='nms', iou_threshold=IOU_THRESHOLD, split_thr=1_000_000)
IMAGE = (1333, 800)  # width, height in pixels


class Scene(NamedTuple):
    """Boxes of some objects, as a detector finds them before suppression."""

    boxes: int
    classes: int
    objects: int

    def __str__(self) -> str:
        classes = 'class' if self.classes == 1 else 'classes'
        return f'{self.boxes:,} boxes, {self.classes} {classes}, {self.objects:,} objects'


SCENES = (
    Scene(1000, 1, 20),
    Scene(4000, 80, 400),
    Scene(4000, 80, 4000),
    Scene(10000, 80, 1000),
    Scene(100000, 80, 10000),
)


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the scenes; OpenCV takes part whatever detectors do."""
    for scene in SCENES:
        boxes, scores, labels = make_boxes(scene, seed=0)
        yield Case(
            str(scene),
            ours=ours(boxes, scores, labels, device),
            peers=dict(opencv=opencv(boxes, scores, labels)),
            same=same,
            columns=dict(boxes=scene.boxes))


def ours(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray,
         device: str) -> Callable[[], np.ndarray]:
    """A function that returns the indices that ours keeps."""
    tensors = [torch.from_numpy(array).to(device) for array in (boxes, scores, labels)]

    def run() -> np.ndarray:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return batched_nms(*tensors, SETTINGS)[1].cpu().numpy()
        finally:
            torch.set_num_threads(threads)

    return run


def opencv(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> Callable[[], np.ndarray]:
    """A function that returns the indices that OpenCV keeps."""
    import cv2
    sized = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    lists = [array.tolist() for array in (sized, scores, labels)]
    return lambda: np.asarray(cv2.dnn.NMSBoxesBatched(*lists, 0.0, IOU_THRESHOLD))


def same(here: np.ndarray, there: np.ndarray) -> str:
    """Compare the indices kept, in any order."""
    if np.array_equal(np.sort(here), np.sort(there)):
        return ''
    return f'{len(here):,} and {len(there):,} boxes kept, {len(np.setxor1d(here, there)):,} by one'


def make_boxes(scene: Scene, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes scattered around objects, in whole pixels.

    Whole pixels keep single and double precision, with and without a shift
    for the class, at the same IoU.

    Returns:
        (N, 4) boxes x0, y0, x1, y1, (N,) scores that all differ, (N,) classes.
    """
    random = np.random.default_rng(seed)
    center = random.uniform(0, IMAGE, (scene.objects, 2))
    size = np.exp(random.uniform(np.log(16), np.log(400), (scene.objects, 2)))
    label = random.integers(0, scene.classes, scene.objects)
    of = np.arange(scene.boxes) % scene.objects
    size_found = size[of] * np.exp(random.normal(0, 0.15, (scene.boxes, 2)))
    center_found = center[of] + random.normal(0, 0.1, (scene.boxes, 2)) * size[of]
    lower = np.round(center_found - size_found / 2)
    boxes = np.concatenate([lower, lower + np.round(size_found)], axis=1)
    scores = (random.permutation(scene.boxes) + 1) / (scene.boxes + 1)
    return boxes.astype(np.float32), scores.astype(np.float32), label[of]
