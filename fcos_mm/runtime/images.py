"""Images from files, bytes, PIL images and arrays, as ``fcos-mm detect`` reads them."""
import os
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from fcos_mm.errors import UserError, first_line
from fcos_mm.runtime import pillow_images
from fcos_mm.runtime.opencv import opencv

#: A path, the bytes of a file, a PIL image, or RGB uint8 (height, width, 3).
Picture = Any


class ImageError(UserError):
    """An image cannot be read."""


def read_image(source: str | PathLike | bytes, *, max_pixels: int | None = None) -> np.ndarray:
    """Read an image: by OpenCV, or by Pillow where OpenCV is not installed.

    Grey, palette, 16-bit, CMYK and transparent images become RGB of 8 bits; a JPEG, PNG or TIFF
    is turned as its EXIF data say; of several pages or frames the first is read. A truncated
    file is an error.

    Args:
        source: A path, or the bytes of a file.
        max_pixels: Images with more are refused before they are decoded, for files that are not
            trusted; needs Pillow. OpenCV itself refuses more than 2^30 pixels, Pillow about
            1.8e8.

    Returns:
        (height, width, 3) RGB uint8.

    Raises:
        ImageError: If it is missing, damaged, too large or not an image.
    """
    name, content = _content(source)
    try:
        if max_pixels is not None:
            _check_size(name, content, max_pixels)
        pixels = _decoded(content)
    except UserError:
        raise
    except Exception as error:  # whatever a decoder raises for a damaged file
        raise ImageError(f'{name} cannot be read as an image ({_reason(error)}).\n'
                         'It is damaged, truncated or of a format that is not supported.'
                         ) from error
    if pixels is None:
        raise ImageError(f'{name} cannot be read as an image.\n'
                         'It is damaged, truncated or of a format that is not supported.')
    return pixels


def as_pixels(picture: Picture, *, max_pixels: int | None = None) -> np.ndarray:
    """The (height, width, 3) RGB uint8 of a path, bytes, a PIL image or an array.

    Raises:
        ImageError: If a file cannot be read.
        UserError: If it is no picture.
    """
    if isinstance(picture, (str, PathLike, bytes, bytearray, memoryview)):
        return read_image(picture, max_pixels=max_pixels)
    return given_pixels(picture)


def write_png(path: str, pixels: np.ndarray) -> None:
    """Write (height, width, 3) RGB uint8 as a PNG file.

    Raises:
        OSError: If it cannot be written.
    """
    cv2 = opencv()
    if cv2 is None:
        content = pillow_images.encode_png(pixels)
    else:
        content = cv2.imencode('.png', np.ascontiguousarray(pixels[..., ::-1]))[1].tobytes()
    Path(path).write_bytes(content)


def given_pixels(picture: Picture) -> np.ndarray:
    """The (height, width, 3) RGB uint8 of a PIL image, turned by its EXIF data, or of an array.

    Raises:
        UserError: If it is neither.
    """
    if hasattr(picture, 'getexif') and hasattr(picture, 'convert'):
        return _from_pil(picture)
    if isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and (
            picture.shape[2:] == (3, ) and picture.size):
        return np.ascontiguousarray(picture)
    given = (f'array of {picture.dtype} and shape {picture.shape}'
             if isinstance(picture, np.ndarray) else type(picture).__name__)
    raise UserError(f'Not an image: {given}.\nPass a path, a PIL image, or an RGB array '
                    '(height, width, 3) of uint8.')


def _from_pil(image: Any) -> np.ndarray:
    from PIL import ImageOps
    try:
        return pillow_images.as_rgb(ImageOps.exif_transpose(image))
    except pillow_images.Unsupported as error:
        raise UserError(f'PIL images of mode {image.mode} are not supported.\nConvert the image '
                        'as for training: image.convert("RGB").') from error


def _content(source: str | PathLike | bytes) -> tuple[str, bytes]:
    """What to call an image, and the bytes of its file."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return 'The data', bytes(source)
    path = os.fspath(source)
    try:
        return path, Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ImageError(f'Image not found: {path}') from error
    except IsADirectoryError as error:
        raise ImageError(f'{path} is a folder.\nPass its images as a list.') from error
    except (OSError, ValueError) as error:
        raise ImageError(f'{path} cannot be read: {_reason(error)}') from error


def _check_size(name: str, content: bytes, max_pixels: int) -> None:
    with pillow_images.open_image(content) as image:
        width, height = image.size
    if width * height > max_pixels:
        raise ImageError(f'{name} has {width} x {height} pixels; at most {max_pixels:,} are '
                         'accepted.\nMake the image smaller.')


def _decoded(content: bytes) -> np.ndarray | None:
    cv2 = opencv()
    if cv2 is None:
        return pillow_images.decode(content)
    if not content:
        return None
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None or pixels.ndim != 3:
        return None
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _reason(error: Exception) -> str:
    return first_line(error)
