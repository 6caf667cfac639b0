"""What matplotlib's versions do differently with fonts and text."""
import matplotlib
from matplotlib.ft2font import FT2Font

#: Since 3.11 matplotlib joins Arabic letters and orders right-to-left text itself, by libraqm.
SHAPES_TEXT = tuple(map(int, matplotlib.__version__.split('.')[:2])) >= (3, 11)
_COLOR = 1 << 14  # FreeType's flag of color fonts


def has_color(font: FT2Font) -> bool:
    """Whether this is a color font, which matplotlib cannot draw."""
    flags = getattr(font.face_flags, 'value', font.face_flags)  # an enum since matplotlib 3.10
    return bool(flags & _COLOR)
