"""What image files say, read once for all splits."""
import os.path as osp
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import track

from fcos_mm.datasets.file_names import Folders, readable
from fcos_mm.datasets.image_header import Header, read_header
from fcos_mm.datasets.sources.duplicates import Print, take_prints
from fcos_mm.datasets.statistics.split import LabelledSplit

_SLOW = 500  # images from which on the progress is shown


@dataclass(frozen=True)
class Picture:
    """An image file.

    Attributes:
        found: Whether it is there.
        header: What its header says; None if it has none or was not read.
        print: What it is recognised by; None if it was not read.
    """

    found: bool
    header: Header | None = None
    print: Print | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it was read and could not be, to its end."""
        return self.print is not None and (self.header is None or not len(self.print.bits))


def read_pictures(splits: Sequence[LabelledSplit], content: bool = True) -> dict[str, Picture]:
    """By path the files of all splits.

    Args:
        content: False looks only whether they are there.
    """
    paths, folders = {path for split in splits for path in split.paths}, Folders()
    found = {path: folders.has(path) or osp.exists(readable(path)) for path in sorted(paths)}
    there = [path for path, is_there in found.items() if is_there and content]
    headers = track(map(_header, there), 'Reading the headers', len(there), transient=True,
                    console=Console(stderr=True), disable=len(there) < _SLOW)
    read = {path: Picture(True, header, print_) for path, header, print_ in zip(
        there, headers, take_prints([readable(path) for path in there]), strict=True)}
    return {path: read.get(path, Picture(is_there)) for path, is_there in found.items()}


def _header(path: str) -> Header | None:
    try:
        return read_header(readable(path))
    except ValueError:
        return None


def folders_of(splits: Iterable[LabelledSplit]) -> set[str]:
    """The folders that hold images of the splits."""
    return {osp.dirname(path) for split in splits for path in split.paths}
