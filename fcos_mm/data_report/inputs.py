"""What the chapters of the page on data are made of."""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fcos_mm.datasets.problems.problem import Problem
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.datasets.statistics.summary import summarise
from fcos_mm.pages.chapter import Chapter


@dataclass(frozen=True)
class DataInputs:
    """A dataset and what is wrong with it.

    Attributes:
        splits: At least one.
        problems: The worst first.
        layout: What was recognised, one line.
        notes: What training would make of the data beside it, each one line.
        refusal: Why training would refuse them; empty if it would not.
        advice: The chapter on the size of the input, where it could be made.
    """

    splits: Sequence[LabelledSplit]
    problems: Sequence[Problem]
    layout: str
    notes: Sequence[str] = ()
    refusal: str = ''
    advice: Chapter | None = None

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        return self.splits[0].classes

    @cached_property
    def summaries(self) -> dict[str, dict[str, Any]]:
        """Of each split, see :func:`fcos_mm.datasets.statistics.summary.summarise`."""
        return {split.name: summarise(split) for split in self.splits}
