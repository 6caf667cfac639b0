"""Choose fonts of this machine that have the characters of a text."""
import functools
import os.path as osp
from collections.abc import Iterable

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from fcos_mm.compat.matplotlib_text import has_color

_BASE = 'sans-serif'
_PLACEHOLDERS = ('lastresort', 'adobeblank')  # draw every character as a box or as nothing
_STYLES = ('bold', 'black', 'heavy', 'light', 'thin', 'italic', 'oblique', 'condensed', 'serif',
           'mono')  # less suitable for a label


class Fonts:
    """The fonts that labels are drawn with, ``families`` in order; :meth:`cover` adds to them."""

    def __init__(self) -> None:
        base = font_manager.findfont(font_manager.FontProperties(family=[_BASE]))
        self.families: list[str] = [_BASE]
        self._covered: set[int] = set(characters(base))
        self._absent: set[int] = set()  # in no font

    def cover(self, text: str) -> set[str]:
        """Add fonts until a text can be drawn; return its characters that no font has."""
        wanted = {ord(char) for char in text}
        new = wanted - self._covered - self._absent
        for path in _best_fonts(new) if new else ():
            font_manager.fontManager.addfont(path)
            self.families.append(FT2Font(path).family_name)
            self._covered |= characters(path)
        self._absent |= new - self._covered
        return {chr(code) for code in wanted & self._absent}


def font_files() -> list[str]:
    """The font files of this machine, regular ones first."""
    # matplotlib's cached list may miss a font that was installed after it
    paths = font_manager.findSystemFonts()
    paths += [entry.fname for entry in font_manager.fontManager.ttflist]
    return sorted(set(paths), key=_preference)


@functools.cache
def characters(path: str) -> frozenset[int]:
    """The code points that matplotlib can draw with a font file; none if it is unusable."""
    try:
        font = FT2Font(path)
    except (RuntimeError, OSError):  # damaged, gone, or of a kind that FreeType does not draw
        return frozenset()
    drawable = font.scalable and not has_color(font)
    return frozenset(font.get_charmap()) if drawable else frozenset()


def _best_fonts(wanted: set[int]) -> Iterable[str]:
    """Greedily yield the font that has most of the characters left."""
    having, left = {path: wanted & characters(path) for path in font_files()}, set(wanted)
    while left:
        path = max(having, key=lambda name: len(having[name] & left), default=None)
        if path is None or not having[path] & left:
            return
        left -= having[path]
        yield path


def _preference(path: str) -> tuple:
    name = osp.basename(path).lower()
    placeholder = any(word in name for word in _PLACEHOLDERS)
    return placeholder, sum(style in name for style in _STYLES), name, path
