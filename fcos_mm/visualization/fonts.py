"""Which fonts of this machine have the characters of a text."""
import functools
import os.path as osp
from collections.abc import Iterable

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

_BASE = 'sans-serif'
_COLOR = 1 << 14  # FreeType's flag of fonts in colour, which matplotlib cannot draw
_PLACEHOLDERS = ('lastresort', 'adobeblank')  # have every character, as a box or as nothing
_STYLES = ('bold', 'black', 'heavy', 'light', 'thin', 'italic', 'oblique', 'condensed', 'serif',
           'mono')  # not as good for a label


class Fonts:
    """The fonts that labels are drawn with, more of them as characters ask for it.

    Attributes:
        families: Names of families; what the first does not have is taken
            from the next.
    """

    def __init__(self) -> None:
        base = font_manager.findfont(font_manager.FontProperties(family=[_BASE]))
        self.families: list[str] = [_BASE]
        self._covered: set[int] = set(characters(base))
        self._absent: set[int] = set()  # no font has them

    def cover(self, text: str) -> set[str]:
        """Take fonts until the characters of a text can be drawn.

        Args:
            text: The characters.

        Returns:
            Those that no font of this machine has.
        """
        wanted = {ord(char) for char in text}
        new = wanted - self._covered - self._absent
        if new:
            for path in _best_fonts(frozenset(new)):
                font_manager.fontManager.addfont(path)
                self.families.append(FT2Font(path).family_name)
                self._covered |= characters(path)
            self._absent |= new - self._covered
        return {chr(code) for code in wanted & self._absent}


def font_files() -> list[str]:
    """The font files of this machine, regular ones first."""
    # matplotlib's list of fonts may be older than a font that was installed for this
    paths = font_manager.findSystemFonts()
    paths += [entry.fname for entry in font_manager.fontManager.ttflist]
    return sorted(set(paths), key=_preference)


@functools.lru_cache(maxsize=None)
def characters(path: str) -> frozenset[int]:
    """The code points that a font file can draw; none if matplotlib cannot use it.

    Args:
        path: The file.
    """
    try:
        font = FT2Font(path)
    except (RuntimeError, OSError):  # damaged, gone, or of a kind that FreeType does not draw
        return frozenset()
    flags = getattr(font.face_flags, 'value', font.face_flags)  # an enum since matplotlib 3.10
    return frozenset() if not font.scalable or flags & _COLOR else frozenset(font.get_charmap())


def _best_fonts(wanted: frozenset[int]) -> Iterable[str]:
    """As few fonts as it takes, those with most of the characters first."""
    having = {path: wanted & characters(path) for path in font_files()}
    left = set(wanted)
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
