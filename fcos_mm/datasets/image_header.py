"""The size of an image from its header."""
import io
from functools import cache
from typing import NamedTuple

from PIL import Image

_ORIENTATION = 274  # the EXIF tag
_ON_ITS_SIDE = (5, 6, 7, 8)


class Header(NamedTuple):
    """What an image's header says.

    Attributes:
        size: Width and height in pixels, as the image is loaded for training: exchanged where
            the EXIF orientation turns it on its side and OpenCV obeys.
        stored: The same as stored in the file.
        orientation: The EXIF tag; 1, upright, where there is none.
    """

    size: tuple[int, int]
    stored: tuple[int, int]
    orientation: object = 1


def image_size(path: str) -> tuple[int, int]:
    """Width and height in pixels from an image's header, as the image is loaded for training.

    Raises:
        ValueError: If there is no readable header.
    """
    return read_header(path).size


def read_header(path: str) -> Header:
    """Read an image's header.

    Raises:
        ValueError: If there is no readable one.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            if image.format == 'TIFF':  # whose size is turned already in some versions of Pillow
                width, height = image.tag_v2[256], image.tag_v2[257]
            orientation = image.getexif().get(_ORIENTATION, 1)
            turned = orientation in _ON_ITS_SIDE and _is_turned(image.format)
            size = (height, width) if turned else (width, height)
            return Header(size, (width, height), orientation)
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError) as error:
        raise ValueError(f'{path} ({error})') from None


@cache
def _is_turned(kind: str) -> bool:
    """Whether this OpenCV obeys the orientation of a format: JPEG, PNG, TIFF, newer ones WebP."""
    import cv2
    import numpy as np
    exif, file = Image.Exif(), io.BytesIO()
    exif[_ORIENTATION] = 6
    try:
        Image.new('RGB', (2, 1)).save(file, 'JPEG' if kind == 'MPO' else kind, exif=exif)
        decoded = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    except (KeyError, OSError, ValueError, cv2.error):  # Pillow or OpenCV cannot write or read it
        return False
    return decoded is not None and decoded.shape[0] == 2
