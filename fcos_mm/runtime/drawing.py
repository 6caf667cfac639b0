"""Boxes with names and scores, drawn by Pillow."""
import functools
from collections.abc import Sequence
from itertools import islice

import numpy as np

from fcos_mm.compat.extras import import_extra
from fcos_mm.runtime.colors import distinct, text_color
from fcos_mm.runtime.label_places import label_corner, text_height

#: Fonts of usual machines, for the characters that Pillow's own font lacks.
_FONTS = ('DejaVuSans.ttf', 'NotoSans-Regular.ttf', 'NotoSansCJK-Regular.ttc', 'Arial.ttf',
          'arial.ttf', 'msyh.ttc', 'Arial Unicode.ttf', 'Hiragino Sans GB.ttc')
_USUAL_HEIGHT = 20  # of a text, beside which lines are _LINE wide
_LINE = 3
_ABSENT = '\U0010fffe'  # no character, drawn as what stands for one that a font lacks


def draw(image: np.ndarray, boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray,
         classes: Sequence[str]):
    """A PIL image with n boxes, those of the best scores on top.

    Args:
        image: (height, width, 3) RGB uint8.
        boxes: (n, 4) x0, y0, x1, y1 in pixels.
        scores: (n,).
        labels: (n,) indices of ``classes``.
        classes: Names.

    Raises:
        UserError: If Pillow is not installed.
    """
    pillow = import_extra('PIL.Image', 'Drawing')
    drawn = pillow.fromarray(image)
    pen = import_extra('PIL.ImageDraw', 'Drawing').Draw(drawn)
    pixels = text_height(*drawn.size)
    line = max(1, round(_LINE * pixels / _USUAL_HEIGHT))
    colors = _colors(len(classes))
    for index in np.argsort(scores, kind='stable'):
        label, box = int(labels[index]), _inside(boxes[index], drawn.size)
        pen.rectangle(box, outline=colors[label], width=line)
    for index in np.argsort(scores, kind='stable'):
        label, box = int(labels[index]), _inside(boxes[index], drawn.size)
        text = f'{_drawable(classes[label], label)} {scores[index]:.2f}'
        corner = label_corner(box, text, pixels, drawn.width)
        _write(pen, corner, text, colors[label], pixels)
    return drawn


def _write(pen, corner: tuple[float, float], text: str, color: tuple, pixels: int) -> None:
    """Write a text on a ground of a color."""
    font = _font(text, pixels)
    ground = pen.textbbox(corner, text, font=font)
    margin = max(1, pixels // 8)
    pen.rectangle([ground[0] - margin, ground[1] - margin, ground[2] + margin,
                   ground[3] + margin], fill=color)
    pen.text(corner, text, fill=text_color(color), font=font)


def _inside(box: np.ndarray, size: tuple[int, int]) -> list[float]:
    """A box cut at the borders of the image, its corners in order."""
    most = np.array(size * 2) - 1
    x0, y0, x1, y1 = np.clip(np.nan_to_num(box), 0, most).tolist()
    return [x0, y0, max(x0, x1), max(y0, y1)]


@functools.cache
def _colors(number: int) -> list[tuple[int, int, int]]:
    return list(islice(distinct(), number))


@functools.lru_cache(maxsize=1024)
def _drawable(name: str, label: int) -> str:
    """A name that a font has; else in Latin letters, or the number of the class."""
    if name.isascii() or _has(_font(name, _USUAL_HEIGHT), name):
        return name
    try:
        from anyascii import anyascii
    except ImportError:
        return f'class {label}'
    return anyascii(name) or f'class {label}'


@functools.lru_cache(maxsize=1024)
def _font(text: str, pixels: int):
    """The first font that has all characters, or Pillow's own."""
    fonts = import_extra('PIL.ImageFont', 'Drawing')
    own = fonts.load_default(pixels)
    if text.isascii():
        return own
    found = (_of_machine(name, pixels) for name in (None, *_FONTS))
    return next((font for font in found if font is not None and _has(font, text)), own)


@functools.cache
def _of_machine(name: str | None, pixels: int):
    fonts = import_extra('PIL.ImageFont', 'Drawing')
    try:
        return fonts.load_default(pixels) if name is None else fonts.truetype(name, pixels)
    except OSError:
        return None


def _has(font, text: str) -> bool:
    absent = bytes(font.getmask(_ABSENT))
    return all(bytes(font.getmask(char)) != absent for char in set(text) if not char.isspace())
