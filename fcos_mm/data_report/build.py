"""Make the page on data: ``NAME.html`` and ``NAME.json``."""
import os.path as osp
import tempfile
from collections.abc import Callable
from pathlib import Path

from fcos_mm.data_report.chapters.aspects import aspects
from fcos_mm.data_report.chapters.box_sizes import box_sizes
from fcos_mm.data_report.chapters.boxes_per_image import boxes_per_image
from fcos_mm.data_report.chapters.input_size import input_size
from fcos_mm.data_report.chapters.overlaps import overlaps
from fcos_mm.data_report.chapters.overview import overview
from fcos_mm.data_report.chapters.positions import positions
from fcos_mm.data_report.chapters.problems import problems
from fcos_mm.data_report.chapters.samples import samples
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.pages.chapter import Chapter
from fcos_mm.pages.page import write_page

#: The chapters in their order; one that has nothing to show returns None.
CHAPTERS: tuple[Callable[[DataInputs], Chapter | None], ...] = (
    overview, problems, box_sizes, lambda inputs: inputs.advice, boxes_per_image, aspects,
    overlaps, positions, samples)


def build_page(inputs: DataInputs, path: str | Path, title: str) -> None:
    """Write the page to ``path`` and its numbers beside it.

    Raises:
        UserError: If a file cannot be written.
    """
    chapters = [chapter for make in CHAPTERS if (chapter := make(inputs)) is not None]
    write_page(path, title, chapters)


def advise(split: LabelledSplit) -> Chapter:
    """The chapter on the size of the input, for the boxes of a split that can be trained on.

    Raises:
        UserError: If the boxes cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix='fcos_mm_data_') as folder:
        path = osp.join(folder, f'{split.name}.json')
        completed = [dict(box, id=number, area=area, iscrowd=int(crowd))
                     for number, (box, area, crowd) in enumerate(zip(
                         split.annotations, split.areas.tolist(), split.crowd), 1)]
        write_json(path, dict(split.data, images=split.images, annotations=completed))
        return input_size(path, split.classes)
