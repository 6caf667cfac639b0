"""Checks of boxes: format, boxes that mmdet skips, duplicates."""
import contextlib
import os.path as osp
import shlex
from collections.abc import Iterator

import numpy as np

from fcos_mm.datasets.box_form import LARGEST_FRACTION, other_form
from fcos_mm.datasets.checks.annotations import CheckedData, CocoSource
from fcos_mm.datasets.coco_format import read_coco
from fcos_mm.datasets.file_names import readable
from fcos_mm.datasets.image_header import image_size
from fcos_mm.errors import UserError
from fcos_mm.faults import Note

_HEADERS = 20  # as many images are opened


def box_form(checked: CheckedData) -> Iterator[str]:
    """Boxes must be x, y, width, height in pixels; a warning where there are too few to be sure."""
    form = other_form(checked.boxes, checked.sizes) if len(checked.boxes) else None
    if form is None:
        return
    source, best = checked.source, form.names[0]
    stem, ending = osp.splitext(source.ann_file)
    paths = shlex.join([source.ann_file, f'{stem}_fixed{ending}'])
    remedy = (f'Convert the file and set {source.key}.ann_file to the new one:\n'
              f'  fcos-mm fix-boxes {paths} --from {best}')
    if best.startswith('normalized'):
        yield (f'{source}: all box coordinates are below {LARGEST_FRACTION}, e.g. '
               f'{_example(checked, 0)}. They should be pixels, but look like {form}.\n{remedy}')
    elif not (best.startswith('yx') and _sizes_are_swapped(checked, form.wrong)):
        yield (str if form.sure else Note)(
            f'{source}: {_percent(form.wrong.mean())} of the boxes extend beyond their image if '
            f'read as x, y, width, height, but {_percent(form.left)} if read as {form}, '
            f'e.g. {_example(checked, int(np.argmax(form.wrong)))}.\n{remedy}')


def _sizes_are_swapped(checked: CheckedData, wrong: np.ndarray) -> bool:
    """Whether width and height of images are swapped instead, by the images' headers."""
    images = {image['id']: image for image in checked.data['images']}
    ids = dict.fromkeys(checked.data['annotations'][index]['image_id']
                        for index in np.flatnonzero(wrong))
    for image in [images[key] for key in ids][:_HEADERS]:
        path = readable(osp.join(checked.source.image_folder, image['file_name']))
        with contextlib.suppress(ValueError):
            if image_size(path) != (image['width'], image['height']):
                return True
    return False


def _percent(share: float) -> str:
    return 'none' if share == 0 else f'{100 * share:.3g} %'


def _example(checked: CheckedData, index: int) -> str:
    box = checked.data['annotations'][index]
    image = next(image for image in checked.data['images'] if image['id'] == box['image_id'])
    return (f"annotation {box['id']} of {image['file_name']} ({image['width']} x "
            f"{image['height']}): {box['bbox']}")


def skipped_boxes(checked: CheckedData) -> Iterator[str]:
    """Warn about boxes that mmdet skips, by the reason."""
    tested = checked.source.test_mode
    fate = ('The evaluation counts them as objects that no detector can find.' if tested else
            'Training skips them.')
    for what, wrong in checked.useless.items():
        if wrong.any() and not (tested and 'below 1 pixel' in what):
            yield Note(f'{checked.box_message(wrong, what)}\n{fate} Correct or delete them.')


def repeated_boxes(checked: CheckedData) -> Iterator[str]:
    """Warn about boxes equal to an earlier one of the same image and category."""
    places = [{entry['id']: index for index, entry in enumerate(checked.data[section])}
              for section in ('images', 'categories')]
    owners = np.array([(places[0][box['image_id']], places[1][box['category_id']])
                       for box in checked.data['annotations']]).reshape(-1, 2)
    rows = np.hstack([owners, checked.boxes])  # (N, 6)
    order = np.lexsort(rows.T)  # equal rows together, in the order of the file
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[order[1:]] = (rows[order[1:]] == rows[order[:-1]]).all(1)
    if repeated.any():
        fate = ('A detector can find only one of two identical boxes.'
                if checked.source.test_mode else 'Training uses only one of identical boxes.')
        yield Note(f"{checked.box_message(repeated, 'duplicate an earlier box')}\n{fate} "
                   'Delete them.')


def read_checked(path: str) -> CheckedData:
    """Read an annotation file and check its boxes, without a config.

    Raises:
        UserError: If the file is missing, not in COCO's format, or its boxes
            are not x, y, width, height in pixels.
    """
    warnings: list[str] = []
    data = read_coco(path, note=warnings.append)
    checked = CheckedData(CocoSource(key='annotations', ann_file=path), data, warnings=warnings)
    for check in (box_form, skipped_boxes, repeated_boxes):
        for message in check(checked):
            if not isinstance(message, Note):
                raise UserError(message)
            warnings.append(message)
    return checked
