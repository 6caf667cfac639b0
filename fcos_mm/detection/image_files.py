"""What Pillow says of an image file."""
import os.path as osp

from PIL import Image, UnidentifiedImageError

# what Pillow raises
_UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError,
               Image.DecompressionBombError)
_WITH_PAGES = ('.gif', '.tif', '.tiff', '.webp')


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
