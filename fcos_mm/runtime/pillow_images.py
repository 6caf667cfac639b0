"""Decoding by Pillow with the results of OpenCV."""
import io

import numpy as np

from fcos_mm.compat.extras import import_extra

#: What OpenCV reads too, by Pillow's names.
FORMATS = ('JPEG', 'MPO', 'PNG', 'BMP', 'GIF', 'TIFF', 'WEBP', 'PPM', 'JPEG2000', 'AVIF')
_TURNED = ('JPEG', 'MPO', 'PNG', 'TIFF')  # formats whose EXIF orientation OpenCV obeys
_NOT_OF_OPENCV = (('TIFF', 'I'), ('JPEG2000', 'CMYK'))
_SIXTEEN_BITS = ('I;16', 'I;16L', 'I;16B', 'I;16N')
_NO_MODES_OF_PNG = ('CMYK', 'YCbCr', 'LAB', 'HSV', 'RGBX')


class Unsupported(ValueError):
    """Pillow reads a file that OpenCV does not."""


def open_image(content: bytes):
    """A PIL image of a file's bytes; its pixels are not decoded yet.

    Raises:
        UserError: If Pillow is not installed.
        Exception: Whatever Pillow raises for files that it cannot read.
    """
    pillow = import_extra('PIL.Image', 'Reading images')
    pillow.init()
    return pillow.open(io.BytesIO(content), formats=[
        name for name in FORMATS if name in pillow.OPEN])


def decode(content: bytes) -> np.ndarray:
    """The first image of a file as ``cv2.imdecode`` has it, but RGB: (H, W, 3) uint8.

    Raises:
        UserError: If Pillow is not installed.
        Exception: Whatever Pillow raises for files that it cannot read.
    """
    with open_image(content) as image:
        kind = image.format
        image.load()
        if kind in _TURNED:
            image = import_extra('PIL.ImageOps', 'Reading images').exif_transpose(image)
        if image.mode == 'F' or (kind, image.mode) in _NOT_OF_OPENCV:
            raise Unsupported(f'{kind} of mode {image.mode}')
        if kind == 'JPEG' and image.mode == 'CMYK':
            return _from_cmyk(np.asarray(image))
        if kind == 'TIFF' and image.mode == 'RGBA':
            return _on_black(np.asarray(image))
        return as_rgb(image)


def encode_png(pixels: np.ndarray) -> bytes:
    """The bytes of a PNG file of (height, width, 3) RGB uint8.

    Raises:
        UserError: If Pillow is not installed.
    """
    content = io.BytesIO()
    import_extra('PIL.Image', 'Writing images').fromarray(pixels).save(content, 'PNG')
    return content.getvalue()


def as_rgb(image) -> np.ndarray:
    """The pixels of a PIL image as those of a PNG file that holds it: 8 bits, without alpha.

    16 bits lose their lower 8, and what lies under transparent pixels is seen.

    Raises:
        Unsupported: If a PNG file cannot hold it.
    """
    if image.mode in _SIXTEEN_BITS or image.mode == 'I':
        return _grey(np.clip(np.asarray(image).astype(np.int64), 0, 65535) >> 8)
    if image.mode not in ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', *_NO_MODES_OF_PNG):
        raise Unsupported(f'mode {image.mode}')
    return np.array(image.convert('RGB'))


def _grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def _from_cmyk(inks: np.ndarray) -> np.ndarray:
    """(H, W, 4) of Pillow, 255 for full ink, by the arithmetic of OpenCV."""
    light = 255 - inks.astype(np.int32)
    black = light[..., 3:]
    return (black - ((255 - light[..., :3]) * black >> 8)).astype(np.uint8)


def _on_black(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) multiplied by their opacity, by the arithmetic of libtiff."""
    wide = pixels.astype(np.uint16)
    return ((wide[..., :3] * wide[..., 3:] + 127) // 255).astype(np.uint8)
