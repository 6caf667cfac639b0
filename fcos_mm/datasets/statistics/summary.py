"""The numbers of a split that fit a few lines."""
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from fcos_mm.datasets.statistics.histogram import box_sides, boxes_per_image, overlaps
from fcos_mm.datasets.statistics.split import LabelledSplit

#: Sides of COCO's areas, in pixels.
COCO_SIDES = (32, 96)
#: Boxes with a smaller side, the root of the area, in pixels, are hard to see.
TINY = 4
#: Share of the image from which on a box is huge.
HUGE = 0.9
#: The input of the paper: shorter and longer side in pixels; and the stride of its finest level.
INPUT, STRIDE = (800, 1333), 8
#: IoU from which on two boxes overlap much.
MUCH = 0.5


def summarise(split: LabelledSplit) -> dict[str, Any]:
    """Numbers of images and boxes, and shares of the boxes (None where there are none)."""
    sides, numbers = box_sides(split), boxes_per_image(split)
    # COCO goes by the area as annotated, which may be that of a mask; 32 ** 2 is medium here
    limits = np.searchsorted(np.square(COCO_SIDES), split.areas, 'right')
    return dict(
        images=len(split.images), boxes=len(sides), empty=int((numbers == 0).sum()),
        boxes_per_image=_spread(numbers), sides=_spread(sides),
        small=_share(limits == 0), medium=_share(limits == 1), large=_share(limits == 2),
        tiny=_share(sides < TINY), tiny_at_input=_share(sides * input_factors(split) < STRIDE),
        huge=_share(split.boxes[:, 2:].prod(1) > HUGE * split.sizes.prod(1)),
        overlapping=_share(overlaps(split) > MUCH), crowds=int(split.crowd.sum()),
        image_sizes=image_size_counts(split), **_sizes(split))


def input_factors(split: LabelledSplit) -> np.ndarray:
    """(N,) by how much the image of each box is resized for the paper's input."""
    shorter, longer = INPUT
    sizes = split.sizes
    return np.minimum(shorter / sizes.min(1), longer / sizes.max(1))


def image_size_counts(split: LabelledSplit, most: int = 10) -> list[tuple[int, int, int]]:
    """Width, height and number of images of the most frequent sizes."""
    counts = Counter(map(tuple, split.image_sizes.astype(int).tolist()))
    return [(*size, number) for size, number in counts.most_common(most)]


def class_counts(split: LabelledSplit) -> list[dict[str, int]]:
    """For each class ``boxes`` and the number of ``images`` that have one."""
    count = len(split.classes)
    pairs = np.unique(split.owner * count + split.labels)
    boxes = np.bincount(split.labels, minlength=count)
    images = np.bincount(pairs % count, minlength=count)
    return [dict(images=int(image), boxes=int(box)) for image, box in zip(images, boxes)]


def _sizes(split: LabelledSplit) -> dict[str, Any]:
    """The smallest and the largest image, by area, and the number of different sizes."""
    if not split.images:
        return dict(smallest_image=None, largest_image=None, different_sizes=0)
    areas = split.image_sizes.prod(1)
    extremes = split.image_sizes[[areas.argmin(), areas.argmax()]].astype(int).tolist()
    return dict(smallest_image=extremes[0], largest_image=extremes[1],
                different_sizes=len(np.unique(split.image_sizes, axis=0)))


def _spread(values: np.ndarray) -> dict[str, float | None]:
    if not len(values):
        return dict(least=None, median=None, mean=None, most=None)
    return {name: float(of(values)) for name, of in dict(
        least=np.min, median=np.median, mean=np.mean, most=np.max).items()}


def _share(chosen: Sequence[bool] | np.ndarray) -> float | None:
    return float(np.mean(chosen)) if len(chosen) else None
