"""The images that a command line names, and reading one of them."""
import os
import os.path as osp
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmdet.apis.det_inferencer import IMG_EXTENSIONS
from mmdet.datasets.transforms import InferencerLoader
from PIL import Image, UnidentifiedImageError

from fcos_mm.datasets import LoadImageFromFile
from fcos_mm.errors import UserError

#: Endings of image files; those that cannot be decoded are reported, not left out.
EXTENSIONS = (*IMG_EXTENSIONS, '.jfif', '.jpe', '.jp2', '.gif', '.avif', '.heic', '.heif', '.dib',
              '.pbm', '.pnm')
# what Pillow raises
_UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError,
               Image.DecompressionBombError)
_WITH_PAGES = ('.gif', '.tif', '.tiff', '.webp')


class Found(NamedTuple):
    """What was found below ``root``: images, sorted, and the number of other files by ending."""
    root: str
    images: list[str]
    others: Counter

    def name(self, image: str) -> str:
        """The path of an image below the root, with ``/`` on every system."""
        return Path(osp.relpath(image, self.root)).as_posix()


def find_images(path: str, leave_out: str) -> Found:
    """Find the image at a path, or those in a folder and its subfolders, hidden ones left out.

    Args:
        path: A file or a folder.
        leave_out: A folder that is not searched, as results go there.

    Raises:
        UserError: If there is nothing at the path, or no image in it.
    """
    if osp.isfile(path):
        return Found(osp.dirname(path) or os.curdir, [path], Counter())
    if not osp.isdir(path):
        raise UserError(f'Input not found: {path}\nGive an image or a folder of images.')
    images, others = [], Counter()
    for file in _files(path, {osp.realpath(leave_out)}):
        ending = osp.splitext(file)[1].lower()
        if ending in EXTENSIONS:
            images.append(file)
        else:
            others[ending or 'none'] += 1
    if not images:
        raise UserError(f'No images in {path} and its folders: names must end with one of '
                        f'{", ".join(EXTENSIONS)}.')
    return Found(path, images, others)


def _files(folder: str, seen: set[str]) -> Iterator[str]:
    """Files of a folder and, after them, of the folders in it; each folder once."""
    if osp.realpath(folder) in seen:
        return
    seen.add(osp.realpath(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f'{folder} cannot be searched: {error.strerror}.\n'
                        'Take it out of the input, or make it readable.') from error
    entries = [entry for entry in entries if not entry.name.startswith('.')]
    yield from (entry.path for entry in entries if entry.is_file())
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry.path, seen)


def read_image(path: str) -> np.ndarray:
    """Read an image as the model will see it: RGB, uint8 ``(height, width, 3)``.

    Raises:
        ImageError: If it cannot be read.
    """
    return LoadImageFromFile()(dict(img_path=path))['img'][..., ::-1]


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """What a pipeline loaded, as RGB uint8 (height, width, 3) to draw into."""
    pixels = np.clip(pixels, 0, 255).astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    return pixels[..., 2::-1]


def loader_place(steps: Sequence) -> int:
    """The index of the step of an inferencer's pipeline that loads the image."""
    return next(index for index, step in enumerate(steps) if isinstance(step, InferencerLoader))


def count_pages(path: str) -> int:
    """The number of pages or frames, of which the first is used; 1 if that is unknown."""
    if osp.splitext(path)[1].lower() not in _WITH_PAGES:
        return 1
    try:
        with Image.open(path) as image:
            return getattr(image, 'n_frames', 1)
    except _UNREADABLE:
        return 1


def describe(path: str) -> str:
    """What Pillow takes a file for that OpenCV cannot read: `` (TIFF of mode F)``, or nothing."""
    try:
        with Image.open(path) as image:
            return f' ({image.format} of mode {image.mode})'
    except _UNREADABLE:
        return ''
