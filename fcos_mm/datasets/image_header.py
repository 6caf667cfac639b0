"""The size of an image from its header."""
import io
from functools import cache

from PIL import Image

_ORIENTATION = 274  # the EXIF tag
_ON_ITS_SIDE = (5, 6, 7, 8)


def image_size(path: str) -> tuple[int, int]:
    """Width and height in pixels from an image's header, as the image is loaded for training.

    They are exchanged where the EXIF orientation turns the image on its side and OpenCV obeys it.

    Raises:
        ValueError: If there is no readable header.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            if image.format == 'TIFF':  # whose size is turned already in some versions of Pillow
                width, height = image.tag_v2[256], image.tag_v2[257]
            on_its_side = image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
            turned = on_its_side and _is_turned(image.format)
            return (height, width) if turned else (width, height)
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
