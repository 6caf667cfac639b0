"""A short screen and a complete log file."""
import contextlib
import io
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import TextIO

from mmengine.logging import MMLogger, print_log

from fcos_mm.compat.log_records import is_for_the_file_only


class ScreenFormatter(logging.Formatter):
    """The message alone; warnings and errors say that they are one."""

    def format(self, record: logging.LogRecord) -> str:
        level = f'{record.levelname.lower()}: ' if record.levelno >= logging.WARNING else ''
        return level + super().format(record)


def tidy_screen(logger: logging.Logger) -> None:
    """Shorten what mmengine's logger shows on the screen; its file handlers stay as they are."""
    for handler in logger.handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(lambda record: not is_for_the_file_only(record))
            handler.setFormatter(ScreenFormatter())


@contextlib.contextmanager
def quiet_log() -> Iterator[None]:
    """Log warnings and errors alone meanwhile."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def prints_to_log_file() -> Iterator[None]:
    """Send what is printed meanwhile, as pycocotools does, to the log file, if there is one."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        yield
    if printed.getvalue() and _log_files():
        print_log(printed.getvalue(), logger='current')


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the process by an exception, so that unfinished files are removed.

    torch's exporter swallows some exceptions or changes them; then the process ends behind the
    block. For the main thread.

    Raises:
        SystemExit: With 128 and the signal's number, once there was one.
    """
    received = []

    def stop(number: int, _: object) -> None:
        received.append(number)
        sys.exit(128 + number)

    before = {number: handler for number in (signal.SIGTERM, signal.SIGINT)
              if (handler := signal.getsignal(number)) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            print('interrupted', file=sys.stderr)
            sys.exit(128 + received[0])


def start_log(path: str) -> None:
    """Log to a new file, and in short to the screen as well.

    Raises:
        OSError: If the file cannot be written.
    """
    name = f'{path} {time.monotonic_ns()}'  # mmengine returns an old logger of the same name
    tidy_screen(MMLogger.get_instance(name, log_file=path))


@contextlib.contextmanager
def library_output_to_log() -> Iterator[None]:
    """Send what libraries print meanwhile to the log file, OpenCV's and other C code's as well."""
    streams = _log_files()
    if not streams:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(streams[0].fileno(), 2)
        with contextlib.redirect_stderr(streams[0]), prints_to_log_file():
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _log_files() -> list[TextIO]:
    """The files that mmengine's current logger writes to."""
    return [handler.stream for handler in MMLogger.get_current_instance().handlers
            if isinstance(handler, logging.FileHandler)]
