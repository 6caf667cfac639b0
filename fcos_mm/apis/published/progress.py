"""What is shown of a download: a line, and a bar if standard error is a terminal."""
import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from fcos_mm.checkpoints.zoo.download import Show


@contextlib.contextmanager
def shown(title: str) -> Iterator[Show]:
    """A bar for the time of a download.

    Args:
        title: What is downloaded.

    Yields:
        What shows the bytes that are there.
    """
    console = Console(stderr=True)
    say(f'downloading {title} ...')
    with Progress(TextColumn('  '), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
                  TimeRemainingColumn(), console=console, transient=True,
                  disable=not console.is_terminal) as bar:
        task = bar.add_task('', total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def say(line: str) -> None:
    """Print a line to standard error, where it does not mix with results."""
    Console(stderr=True).print(line, soft_wrap=True, highlight=False, markup=False)
