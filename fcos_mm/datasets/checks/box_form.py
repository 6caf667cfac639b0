"""Whether boxes are written as COCO's x, y, width, height in pixels."""
import contextlib
import os.path as osp
import shlex
from collections.abc import Callable, Sequence

import numpy as np

from fcos_mm.datasets.box_readings import (
    LARGEST_FRACTION,
    NORMALIZED_READINGS,
    PIXEL_READINGS,
    meaning,
    misfits,
)
from fcos_mm.datasets.file_names import readable
from fcos_mm.datasets.image_header import image_size
from fcos_mm.errors import UserError

from .source import CocoSource

# Of COCO, BCCD and generated shapes no box leaves its image; written in another form, 21 to 75 %
# do, and none where the right form is read. Careless boxes may leave, but then fit no other form:
# one box in seven of COCO would pass for corners, two in three for y before x or a center.
_SHARE = 0.1  # of the boxes must leave their image
_FAR = 0.05  # of the side, by so much: an object that fills the image may be drawn too large
_RATIO = 20  # times as many as under the other reading
# From so many boxes on it is no accident that all fit: an error, not a warning.
_FEWEST = {'corners': 5, 'yx-corners': 5, 'center': 20, 'yx': 20}
_SMALLEST_IMAGE = 8  # pixels; boxes of smaller images look like fractions
_HEADERS = 20  # as many images are opened


def check_box_form(source: CocoSource, data: dict, boxes: np.ndarray, sizes: np.ndarray,
                   warn: Callable[[str], None]) -> None:
    """Check what the four numbers of the boxes mean.

    Args:
        source: The dataset.
        data: Its annotation file's contents, fields checked.
        boxes: (N, 4), as written, finite.
        sizes: (N, 2), width and height of each box's image in pixels.
        warn: Called with the message where there are too few boxes to be sure.

    Raises:
        UserError: If another reading fits the images and COCO's does not.
    """
    if _are_fractions(boxes, sizes):
        names = _fitting(NORMALIZED_READINGS, boxes, sizes)
        raise UserError(f'{source.describe()}: every number of the boxes is below '
                        f'{LARGEST_FRACTION}, e.g. {_example(data, 0)}. They are read as pixels, '
                        f'and fit {_meanings(names)}.\n' + _remedy(source, names[0]))
    wrong = misfits('coco', boxes, sizes, _FAR)
    if wrong.mean() < _SHARE:
        return
    names = _fitting(PIXEL_READINGS[1:], boxes, sizes)
    left = misfits(names[0], boxes, sizes).mean()
    if left * _RATIO > wrong.mean() or (
            names[0].startswith('yx') and _sizes_are_swapped(source, data, wrong)):
        return
    message = (f'{source.describe()}: {_percent(wrong.mean())} of the boxes leave their image if '
               f'read as x, y, width, height, and {_percent(left)} if read as {_meanings(names)}, '
               f'e.g. {_example(data, int(np.argmax(wrong)))}.\n' + _remedy(source, names[0]))
    if len(boxes) < _FEWEST[names[0]]:
        warn(message)
        return
    raise UserError(message)


def _are_fractions(boxes: np.ndarray, sizes: np.ndarray) -> bool:
    return bool((np.abs(boxes) < LARGEST_FRACTION).all() and boxes.any()
                and (sizes >= _SMALLEST_IMAGE).all())


def _fitting(names: Sequence[str], boxes: np.ndarray, sizes: np.ndarray) -> list[str]:
    """The readings that fit most boxes, all that fit as many."""
    wrong = {name: int(misfits(name, boxes, sizes).sum()) for name in names}
    return [name for name in names if wrong[name] == min(wrong.values())]


def _meanings(names: Sequence[str]) -> str:
    """The readings in words; which of several it is, only a person can see."""
    first, *others = map(meaning, names)
    return first + (f' (or as {" or ".join(others)}: look at drawn boxes)' if others else '')


def _sizes_are_swapped(source: CocoSource, data: dict, wrong: np.ndarray) -> bool:
    """Whether width and height of images are swapped instead, by the images' headers."""
    images = {image['id']: image for image in data['images']}
    ids = dict.fromkeys(data['annotations'][index]['image_id'] for index in np.flatnonzero(wrong))
    for image_id in list(ids)[:_HEADERS]:
        image = images[image_id]
        path = readable(osp.join(source.image_folder, image['file_name']))
        with contextlib.suppress(ValueError):
            if image_size(path) != (image['width'], image['height']):
                return True
    return False


def _percent(share: float) -> str:
    return 'none' if share == 0 else f'{100 * share:.3g} %'


def _example(data: dict, index: int) -> str:
    box = data['annotations'][index]
    image = next(image for image in data['images'] if image['id'] == box['image_id'])
    return (f"annotation {box['id']} of {image['file_name']} ({image['width']} x "
            f"{image['height']}): {box['bbox']}")


def _remedy(source: CocoSource, name: str) -> str:
    stem, ending = osp.splitext(source.ann_file)
    paths = shlex.join([source.ann_file, f'{stem}_fixed{ending}'])
    return (f'Convert the file, and set {source.key}.ann_file to the new one:\n'
            f'  python tools/dataset_converters/fix_boxes.py {paths} --from {name}')
