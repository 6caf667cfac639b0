"""Common style of all figures: sizes, colors, and how they are written."""
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fcos_mm.atomic_file import replaced
from fcos_mm.errors import UserError

#: Colors that are distinct for any color vision (Okabe and Ito); black last.
COLORS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#56B4E9', '#F0E442', '#000000')
LINE_STYLES = ('-', '--', '-.', ':')
FONT = 9  # points
TITLE_FONT = 10
DOTS_PER_INCH = 150


def count(number: int, noun: str, plural: str = '') -> str:
    """A number and its noun, with an s if it has no plural of its own: ``1 box``, ``2 boxes``."""
    return f'{number:,} {noun if number == 1 else plural or noun + "s"}'


def dress(axes: Axes) -> None:
    """Apply the common look to axes: small ticks, a faint grid, no frame."""
    axes.tick_params(labelsize=FONT)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)


def save(figure: Figure, out_file: str) -> None:
    """Write a figure; an existing file stays until the new one is complete.

    Raises:
        UserError: If the suffix is of no known format or the file cannot be written.
    """
    path = Path(out_file)
    image_format = path.suffix[1:].lower()
    if image_format not in figure.canvas.get_supported_filetypes():
        raise UserError(f'{out_file} cannot be written: its ending names no image format.\n'
                        'Use a name that ends with .png, .pdf or .svg.')
    with replaced(out_file, '\nName a file in a folder that you can write to.') as unfinished:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(unfinished, format=image_format, dpi=DOTS_PER_INCH)
