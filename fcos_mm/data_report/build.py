"""Make the page on data: ``NAME.html`` and ``NAME.json``."""
from collections.abc import Callable
from pathlib import Path

from fcos_mm.data_report.chapters.aspects import aspects
from fcos_mm.data_report.chapters.box_sizes import box_sizes
from fcos_mm.data_report.chapters.boxes_per_image import boxes_per_image
from fcos_mm.data_report.chapters.overlaps import overlaps
from fcos_mm.data_report.chapters.overview import overview
from fcos_mm.data_report.chapters.positions import positions
from fcos_mm.data_report.chapters.problems import problems
from fcos_mm.data_report.chapters.samples import samples
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.pages.chapter import Chapter
from fcos_mm.pages.page import write_page

#: The chapters in their order.
CHAPTERS: tuple[Callable[[DataInputs], Chapter], ...] = (
    overview, problems, box_sizes, boxes_per_image, aspects, overlaps, positions, samples)


def build_page(inputs: DataInputs, path: str | Path, title: str) -> None:
    """Write the page to ``path`` and its numbers beside it; the folder is made if needed.

    Raises:
        UserError: If a file cannot be written.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_page(path, title, [chapter(inputs) for chapter in CHAPTERS])
