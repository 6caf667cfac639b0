"""The size of an image from its header."""

from PIL import Image

_ORIENTATION = 274  # the EXIF tag
_TURNED = ('JPEG', 'MPO', 'PNG')  # formats of which OpenCV obeys the tag
_ON_ITS_SIDE = (5, 6, 7, 8)


def image_size(path: str) -> tuple[int, int]:
    """Read the size of an image from its header, turned as OpenCV loads it.

    Args:
        path: The image file.

    Returns:
        Width and height in pixels.

    Raises:
        ValueError: If there is no readable header.
    """
    try:
        with Image.open(path) as image:
            turned = (image.format in _TURNED
                      and image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE)
            return image.size[::-1] if turned else image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f'{path} ({error})') from None
