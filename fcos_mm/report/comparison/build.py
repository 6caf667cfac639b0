"""Make the page that compares two runs."""
from collections.abc import Callable
from pathlib import Path

from fcos_mm.pages.chapter import Chapter
from fcos_mm.pages.page import write_page
from fcos_mm.report.comparison.breakdown import classes, errors, groups
from fcos_mm.report.comparison.curves import curves
from fcos_mm.report.comparison.metrics import metrics
from fcos_mm.report.comparison.pictures import pictures
from fcos_mm.report.comparison.side import Side

#: The chapters in their order; one that has nothing to show returns None.
CHAPTERS: tuple[Callable[[Side, Side], Chapter | None], ...] = (
    metrics, classes, curves, groups, errors, pictures)


def build_comparison(a: Side, b: Side, path: str | Path, title: str) -> None:
    """Write the page to ``path`` and its numbers beside it.

    Raises:
        UserError: If a file cannot be written.
    """
    write_page(path, title, [chapter for make in CHAPTERS if (chapter := make(a, b)) is not None])
