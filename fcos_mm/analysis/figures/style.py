"""What all figures share: sizes, colours, and how they are written."""
import os
import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fcos_mm.errors import UserError

#: Colours that people with any colour vision tell apart (Okabe and Ito); black last.
COLORS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#56B4E9', '#F0E442', '#000000')
LINE_STYLES = ('-', '--', '-.', ':')
FONT = 9  # points
TITLE_FONT = 10
DOTS_PER_INCH = 150


def count(number: int, noun: str, plural: str = '') -> str:
    """Write a number and its noun.

    Args:
        number: How many.
        noun: The noun for one.
        plural: The noun for any other number; ``noun`` with an s if empty.
    """
    return f'{number:,} {noun if number == 1 else plural or noun + "s"}'


def dress(axes: Axes) -> None:
    """Give axes the common look: small ticks, a faint grid, no box around.

    Args:
        axes: The axes.
    """
    axes.tick_params(labelsize=FONT)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)


def save(figure: Figure, out_file: str) -> None:
    """Write a figure; a file that is there stays whole until the new one is.

    Args:
        figure: The figure.
        out_file: The file; its ending says the format.

    Raises:
        UserError: If the format is unknown or the file cannot be written.
    """
    path = Path(out_file)
    picture_format = path.suffix[1:].lower()
    if picture_format not in figure.canvas.get_supported_filetypes():
        raise UserError(f'{out_file} cannot be written: its ending names no picture format.\n'
                        'Use a name that ends with .png, .pdf or .svg.')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix='.figure-') as folder:
            written = Path(folder) / path.name
            figure.savefig(written, format=picture_format, dpi=DOTS_PER_INCH)
            os.replace(written, path)
    except OSError as error:
        raise UserError(f'{out_file} cannot be written: {error.strerror or error}.\n'
                        'Name a file in a folder that you can write to.') from error
