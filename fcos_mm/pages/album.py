"""The pictures of a page, each embedded once."""
import base64
from typing import NamedTuple

import cv2
import numpy as np
from markupsafe import Markup

from fcos_mm.datasets.file_names import readable
from fcos_mm.datasets.image_header import image_size
from fcos_mm.pages.elements import element, join

_SIDE = 640  # of an embedded picture, the longer one, in pixels
_QUALITY = 80  # of JPEG
_BYTES = 55_000  # of a picture where there are few
_ALL_BYTES = 4_500_000  # of all pictures, before base64 makes them a third larger


class Picture(NamedTuple):
    """A picture of a page.

    Attributes:
        id: In the page.
        path: Its file.
        width: As it is loaded for training, in pixels.
        height: The same.
    """

    id: str
    path: str
    width: int
    height: int


class Album:
    """Collects the pictures of a page: galleries refer to them, the end of the page embeds them."""

    def __init__(self) -> None:
        self._pictures: dict[str, Picture | None] = {}
        self._panels = 0

    def picture(self, path: str) -> Picture | None:
        """The picture of a file; None if there is none that can be read."""
        if path not in self._pictures:
            self._pictures[path] = self._open(readable(path))
        return self._pictures[path]

    def new_id(self) -> str:
        """An id that the page does not have yet."""
        self._panels += 1
        return f'panel-{self._panels}'

    def embedded(self) -> Markup:
        """The element that holds all pictures, smaller ones where there are many."""
        pictures = [picture for picture in self._pictures.values() if picture]
        budget = min(_BYTES, _ALL_BYTES // max(len(pictures), 1))
        return element('svg', join(_image(picture, budget) for picture in pictures),
                       class_='album', aria_hidden='true') if pictures else Markup('')

    def _open(self, path: str) -> Picture | None:
        try:
            return Picture(f'picture-{len(self._pictures)}', path, *image_size(path))
        except ValueError:
            return None


def placeholder(width: int, height: int, reason: str) -> Markup:
    """What stands in place of a picture."""
    return (element('rect', width=width, height=height, class_='missing')
            + element('text', reason, x=width / 2, y=height / 2, class_='missing'))


def _image(picture: Picture, budget: int) -> Markup:
    file = jpeg(picture, budget)
    if file is None:
        field = placeholder(picture.width, picture.height, 'file is damaged')
        return element('g', field, id=picture.id)
    data = base64.b64encode(file).decode()
    return element('image', id=picture.id, width=picture.width, height=picture.height,
                   preserveAspectRatio='none', href=f'data:image/jpeg;base64,{data}')


def jpeg(picture: Picture, budget: int) -> bytes | None:
    """A picture as it is loaded for training, made small.

    Args:
        picture: The picture.
        budget: The number of bytes that it should not exceed.

    Returns:
        A file of JPEG; None if the picture cannot be decoded.
    """
    pixels = _decode(picture)
    if pixels is None:
        return None
    side = min(_SIDE, max(pixels.shape[:2]))
    for _ in range(6):
        scale = side / max(pixels.shape[:2])
        size = [max(1, round(length * scale)) for length in pixels.shape[1::-1]]
        small = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        file = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        if len(file) <= budget:
            break
        side = max(1, int(side * min(0.95, 0.97 * (budget / len(file))**0.5)))
    return file


def _decode(picture: Picture) -> np.ndarray | None:
    """The pixels of a file, (H, W, 3) of uint8: turned as EXIF says, as OpenCV does it.

    A JPEG of many pixels is decoded at a part of its size.
    """
    part = max(picture.width, picture.height) / _SIDE
    flag = next((flag for least, flag in ((8, cv2.IMREAD_REDUCED_COLOR_8),
                                          (4, cv2.IMREAD_REDUCED_COLOR_4),
                                          (2, cv2.IMREAD_REDUCED_COLOR_2)) if part >= least),
                cv2.IMREAD_COLOR)
    try:
        return cv2.imdecode(np.fromfile(picture.path, np.uint8), flag)
    except (OSError, cv2.error):
        return None
