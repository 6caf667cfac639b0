"""Make the report of a detector: ``report.html``, ``report.json`` and ``label_faults.json``."""
from collections.abc import Callable
from pathlib import Path

from fcos_mm.atomic_file import write_json
from fcos_mm.pages.chapter import Chapter
from fcos_mm.pages.page import write_page
from fcos_mm.report.chapters.calibration import calibration
from fcos_mm.report.chapters.classes import classes
from fcos_mm.report.chapters.confusion import confusion
from fcos_mm.report.chapters.curves import curves
from fcos_mm.report.chapters.errors import errors
from fcos_mm.report.chapters.groups import groups
from fcos_mm.report.chapters.label_faults import fault_list, label_faults
from fcos_mm.report.chapters.pictures import pictures
from fcos_mm.report.chapters.run import run
from fcos_mm.report.chapters.score_iou import score_iou
from fcos_mm.report.chapters.summary import summary
from fcos_mm.report.chapters.thresholds import thresholds
from fcos_mm.report.inputs import ReportInputs

#: The chapters in their order; one that has nothing to show returns None. The summary, which
#: reads the numbers of all others, comes before them.
CHAPTERS: tuple[Callable[[ReportInputs], Chapter | None], ...] = (
    curves, classes, thresholds, confusion, groups, score_iou, calibration, errors, pictures,
    label_faults, run)


def build_report(inputs: ReportInputs, path: str | Path, title: str) -> None:
    """Write the page to ``path``, and its numbers and the suspected label faults beside it.

    Raises:
        UserError: If a file cannot be written.
    """
    chapters = [chapter for make in CHAPTERS if (chapter := make(inputs)) is not None]
    first = summary(inputs, {chapter.key: chapter.numbers for chapter in chapters})
    write_page(path, title, [first, *chapters])
    write_json(fault_list(inputs), Path(path).with_name('label_faults.json'))
