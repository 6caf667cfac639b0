"""How far a run is: a bar on a terminal, lines elsewhere."""
import os.path as osp
import time
from datetime import timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

_FRAMES = 100  # of a video, between two lines


class Bar:
    """A bar that shows what was done last.

    Args:
        total: Number of images and frames.
        screen: A terminal.
    """

    def __init__(self, total: int, screen: TextIO) -> None:
        self._progress = Progress(
            BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn(
                '{task.description}', markup=False,
                table_column=Column(no_wrap=True, overflow='ellipsis', ratio=1)),
            console=Console(file=screen), redirect_stdout=False, redirect_stderr=False)
        self._task = self._progress.add_task('detecting', total=total)

    def __enter__(self) -> 'Bar':
        self._progress.start()
        return self

    def __exit__(self, *_) -> None:
        self._progress.stop()

    def step(self, name: str, outcome: str, frame: int | None = None) -> None:
        """One image or frame is done."""
        where = name if frame is None else f'{name} {frame}'
        self._progress.update(self._task, advance=1,
                              description=f'{osp.basename(where)}: {outcome}')

    def say(self, text: str) -> None:
        """Show a line for good."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


class Lines:
    """A line for each image and every hundredth frame; arguments and methods as of :class:`Bar`."""

    def __init__(self, total: int, screen: TextIO) -> None:
        self._total, self._screen = total, screen
        self._number, self._start = 0, time.monotonic()

    def __enter__(self) -> 'Lines':
        return self

    def __exit__(self, *_) -> None:
        self._screen.flush()

    def step(self, name: str, outcome: str, frame: int | None = None) -> None:
        """One image or frame is done."""
        self._number += 1
        if frame is not None and frame % _FRAMES:
            return
        where = name if frame is None else f'{name}, frame {frame}'
        more = max(0, self._total - self._number)
        seconds = (time.monotonic() - self._start) / self._number * more
        count = f'[{self._number}/{self._total}, {timedelta(seconds=round(seconds))} left] '
        self.say(count * (self._total > 1) + f'{where}: {outcome}')

    def say(self, text: str) -> None:
        """Show a line."""
        print(text, file=self._screen)


def progress_on(screen: TextIO, total: int) -> Bar | Lines:
    """What suits a screen: a bar for a terminal."""
    return (Bar if screen.isatty() else Lines)(total, screen)
