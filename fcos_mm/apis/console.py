"""A short screen and a complete log file."""
import contextlib
import io
import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from mmengine.logging import MMLogger, print_log

from fcos_mm.compat.log_records import is_for_the_file_only
from fcos_mm.detection.log import files_alone, library_output_to


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
    if printed.getvalue() and files_alone(MMLogger.get_current_instance()).handlers:
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


def start_log(path: str) -> logging.Logger:
    """Make mmengine log to a new file, and in short to the screen; a logger for the file alone.

    Raises:
        OSError: If the file cannot be written.
    """
    name = f'{path} {time.monotonic_ns()}'  # mmengine returns an old logger of the same name
    logger = MMLogger.get_instance(name, log_file=path)
    tidy_screen(logger)
    return files_alone(logger)


def library_output_to_log() -> AbstractContextManager:
    """:func:`library_output_to` the file of mmengine's current logger."""
    return library_output_to(files_alone(MMLogger.get_current_instance()))
