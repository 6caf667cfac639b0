"""Lines at the foot of a terminal that change in place; all other output goes above them."""
import atexit
import contextlib
import io
import logging
import os
import sys
from typing import NamedTuple

from mmengine.logging import print_log
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fcos_mm.compat.log_records import is_shown_by_progress


class Status(NamedTuple):
    """What the display shows.

    Attributes:
        stage: What is running: ``'Epoch 3/12'``.
        done, total: Of the stage.
        time_left: Time that the run still takes, ``'0:12:00'``.
        lines: More lines, each of several facts.
    """

    stage: str
    done: int
    total: int
    time_left: str = ''
    lines: tuple[tuple[str, ...], ...] = ()


def terminal() -> Console | None:
    """The terminal that standard output is; None where it is a file, a pipe or a simple one."""
    try:
        shown = sys.stdout.isatty() and os.environ.get('TERM', '') not in ('', 'dumb')
    except (AttributeError, ValueError):  # no stream, or a closed one
        shown = False
    return Console(file=sys.stdout) if shown else None


class Display:
    """Shows a :class:`Status`, between :meth:`open` and :meth:`close`.

    There is no thread: processes that are forked meanwhile would inherit its locks. The cursor
    stays visible, so that nothing is to be restored after SIGKILL.

    Args:
        console: The terminal.
        logger: Its lines go above the display, without those that say what the display shows.
            Its log file stays complete.
    """

    def __init__(self, console: Console, logger: logging.Logger) -> None:
        self._console = console
        self._logger = logger
        self._live: Live | None = None
        self._undo = contextlib.ExitStack()
        self._printed: contextlib.ExitStack | None = None

    def open(self) -> None:
        """Take over the screen; nothing where that is done already."""
        if self._live is not None:
            return
        errors = sys.stderr is not None and sys.stderr.isatty()
        streams = [sys.stdout, *([sys.stderr] if errors else [])]
        screens = [handler for handler in self._logger.handlers
                   if type(handler) is logging.StreamHandler and handler.stream in streams]
        self._live = self._undo.enter_context(Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stderr=errors))
        self._console.show_cursor(True)
        for handler in screens:
            self._undo.callback(handler.setStream, handler.setStream(sys.stdout))
            handler.addFilter(_is_news)
            self._undo.callback(handler.removeFilter, _is_news)
        atexit.register(self.close)
        self._undo.callback(atexit.unregister, self.close)

    def show(self, status: Status) -> None:
        """Show a status instead of the last one."""
        self.open()
        with contextlib.suppress(OSError):  # the terminal is gone: the run continues
            self._live.update(_drawn(status), refresh=True)

    def hide_prints(self) -> None:
        """Send what is printed from now on to the log file, until :meth:`show_prints`."""
        self.open()
        self._printed = contextlib.ExitStack()
        printed = self._printed.enter_context(contextlib.redirect_stdout(io.StringIO()))
        self._printed.callback(lambda: print_log(printed.getvalue(), logger=self._logger))

    def show_prints(self) -> None:
        """End :meth:`hide_prints`."""
        if self._printed is not None:
            self._printed.close()
            self._printed = None

    def close(self) -> None:
        """Remove the display and leave the terminal as it was; may be called again."""
        self.show_prints()
        with contextlib.suppress(OSError):
            self._undo.close()
        self._live = None


def _is_news(record: logging.LogRecord) -> bool:
    return not is_shown_by_progress(record)


def _drawn(status: Status) -> Group:
    """The status as rich draws it, cut to the width of the terminal."""
    bar = Table.grid(padding=(0, 2), expand=True)
    for ratio in (None, 1, None, None):
        bar.add_column(ratio=ratio, no_wrap=True)
    bar.add_row(Text(status.stage, 'bold'), ProgressBar(max(status.total, 1), status.done),
                f'{status.done:,}/{status.total:,}',
                Text(f'{status.time_left} left' if status.time_left else '', 'cyan'))
    lines = [Text('   '.join(line), no_wrap=True, overflow='crop')
             for line in status.lines if line]
    return Group(bar, *lines)
