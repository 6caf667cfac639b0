"""A chart of lines."""
from collections.abc import Mapping, Sequence

from markupsafe import Markup


def line_chart(series: Sequence[Mapping], *, title: str, x: str, y: str,
               x_range: tuple[float, float] | None = None,
               y_range: tuple[float, float] | None = None) -> Markup:
    """Draw lines.

    Args:
        series: Each with ``name``, ``x`` and ``y``, lists of the same length; None interrupts
            a line.
        title: What the chart shows.
        x: Label of the axis, with its unit.
        y: The other one.
        x_range: First and last value; None: those of the data.
        y_range: The same for y.
    """
    raise NotImplementedError
