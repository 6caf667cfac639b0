"""How large labels are, and where they stand."""
import unicodedata
from collections.abc import Sequence

_SHARE = 0.02  # a text's height in long sides of the image
_LEAST_HEIGHT = 9  # pixels
_LINE, _LETTER, _MARGIN = 1.3, 0.6, 0.2  # in heights of the text: of a line, of a letter, above it


def label_width(text: str) -> float:
    """The approximate width of a text in widths of a Latin letter."""
    return sum(1.6 if unicodedata.east_asian_width(char) in 'WF' else 1. for char in text)


def text_height(width: int, height: int) -> int:
    """The height of a label's text, in pixels, that can be read in an image of this size."""
    return max(_LEAST_HEIGHT, round(max(width, height) * _SHARE))


def label_corner(box: Sequence[float], text: str, height: int, width: int
                 ) -> tuple[float, float]:
    """The upper left corner of a label: above its box, or in it at the upper border.

    Args:
        box: x0, y0, x1, y1 in pixels.
        text: The label.
        height: Of its text, in pixels.
        width: Of the image; the label is moved to the left where it would pass the border.
    """
    x0, y0 = box[0], box[1] - _LINE * height
    room = width - label_width(text) * _LETTER * height
    return max(0, min(x0, room)), y0 if y0 >= 0 else max(_MARGIN * height, box[1])
