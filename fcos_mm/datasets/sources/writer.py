"""From what a converter has collected to the content of a split."""
from collections.abc import Sequence

from fcos_mm.datasets.converters import CocoWriter
from fcos_mm.datasets.sources.source import Content
from fcos_mm.faults import counted_kind


def content_of(writer: CocoWriter, images: str, split: str) -> Content:
    """The content of a split, with a line about every kind of fault."""
    notes = [fault_note(split, kind, cases) for kind, cases in sorted(writer.faults.items())]
    warning = writer.warning()
    if warning is not None:
        notes.append(f'{split}: {warning}')
    return Content(writer.content(), images, notes=notes, faults=writer.faults)


def fault_note(split: str, kind: str, cases: Sequence[str]) -> str:
    """The line about a kind of fault."""
    return f'{split}: {counted_kind(len(cases), kind)}, e.g. {cases[0]}'
