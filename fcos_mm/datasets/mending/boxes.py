"""Mend boxes, and the sizes of images that they are relative to."""
import numpy as np

from fcos_mm.datasets.box_form import meaning, misfits, other_form, read_corners, write_box
from fcos_mm.datasets.checks.annotations import useless_boxes
from fcos_mm.datasets.mending.state import Surroundings, box_line, drop_boxes
from fcos_mm.datasets.problems.boxes import repeats
from fcos_mm.datasets.statistics.split import LabelledSplit

_SAME_ASPECT = 0.01  # share by which width / height may differ
_ROUNDING = 0.01  # pixels that a box may reach beyond its image


def wrong_sizes(split: LabelledSplit, around: Surroundings) -> list[str]:
    """Write width and height of the files.

    Where only the scale differs and the boxes fit the size as written, the image was resized
    after it was annotated, and so are the boxes. An image that EXIF turns and whose size was
    noted unturned stays: the file does not say how its boxes were drawn.
    """
    changed = []
    for place, (image, path) in enumerate(zip(split.images, split.paths, strict=True)):
        header, declared = around.pictures[path].header, (image['width'], image['height'])
        if header is None or declared in (header.size, header.stored):
            continue
        factors, places = np.array(header.size) / declared, split.boxes_of[place]
        boxes = split.boxes[places]
        fit = not misfits('coco', boxes, split.sizes[places]).any()
        if abs(factors[0] / factors[1] - 1) < _SAME_ASPECT and fit:
            for index, box in zip(places, (boxes * np.tile(factors, 2)).tolist()):
                write_box(split.annotations[index], box)
        image['width'], image['height'] = header.size
        changed.append(f"{image['file_name']}: {declared[0]} x {declared[1]} -> "
                       f'{header.size[0]} x {header.size[1]}')
    return changed


def box_form(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Turn fractions, corners and centers into x, y, width, height in pixels, if it is certain."""
    form = other_form(split.boxes, split.sizes) if len(split.boxes) else None
    if form is None or not form.sure:
        return []
    corners = read_corners(form.names[0], split.boxes, split.sizes)
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    return _write(split, boxes, np.ones(len(boxes), bool), f', were {meaning(form.names[0])}')


def clip(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Cut boxes to their image."""
    boxes, sizes = split.boxes, split.sizes
    near = np.clip(boxes[:, :2], 0, sizes)
    far = np.clip(boxes[:, :2] + boxes[:, 2:], 0, sizes)
    cut = np.hstack([near, far - near])
    common = (far > near).all(1)
    wrong = (np.abs(cut - boxes).max(1, initial=0) > _ROUNDING) & common
    return _write(split, cut, wrong, ', clipped')


def without_area(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Drop boxes without area or outside their image."""
    no_area, outside, _ = useless_boxes(
        split.boxes, split.sizes, np.ones(len(split.boxes))).values()
    return drop_boxes(split, {*np.flatnonzero(no_area | outside).tolist()})


def repeated(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Drop boxes equal to an earlier one of the same image and class."""
    return drop_boxes(split, {*np.flatnonzero(repeats(split)).tolist()})


def _write(split: LabelledSplit, boxes: np.ndarray, chosen: np.ndarray, text: str) -> list[str]:
    """Write boxes (N, 4) where they are chosen (N,)."""
    places = np.flatnonzero(chosen).tolist()
    for place in places:
        write_box(split.annotations[place], boxes[place].tolist())
    return [box_line(split, place, text) for place in places]
