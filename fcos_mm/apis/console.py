"""What a run shows on the screen. The log file keeps everything.

mmengine logs the environment, the whole config, the hooks and how every
parameter was initialised before a run starts. On the screen these thousands
of lines would hide what one looks for.
"""
import contextlib
import io
import logging
import os
import sys
import time
from collections.abc import Iterator

from mmengine.logging import MMLogger, print_log

# Where such lines come from: (module, function).
_FILE_ONLY = {
    ('runner', '__init__'),  # the hooks
    ('runner', '_log_env'),  # the environment and the config
    ('runner', 'wrap_model'),  # batch norm without several processes
    ('base_module', '_dump_init_info'),  # an entry per parameter
    ('checkpoint_hook', 'before_train'),  # the work dir again
    ('logger', 'print_log'),  # internals of mmengine and mmdet
}
# Warnings of mmengine about its own code or mmdet's.
_OWN_WARNINGS = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias',
                 'The prefix is not set in metric class DumpDetResults')
# The name of the experiment; of a checkpoint the runner says what was taken from it.
_SAID_ELSEWHERE = ('Exp name', 'Load checkpoint from')


class ScreenFilter(logging.Filter):
    """Lets a record through to the screen if a person would read it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show the record.

        Args:
            record: The record; warnings and errors are shown.
        """
        message = record.getMessage()
        if record.levelno == logging.INFO:
            return ((record.module, record.funcName) not in _FILE_ONLY
                    and not message.startswith(_SAID_ELSEWHERE))
        return not message.startswith(_OWN_WARNINGS)


class ScreenFormatter(logging.Formatter):
    """The message alone; warnings and errors say that they are one."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of the record.

        Args:
            record: The record to show.
        """
        text = super().format(record)
        if record.levelno >= logging.WARNING:
            text = f'{record.levelname.lower()}: {text}'
        return text


def tidy_screen(logger: logging.Logger) -> None:
    """Give the logger's screen handlers the filter and the short format.

    Args:
        logger: A logger of mmengine. Its file handlers stay as they are.
    """
    for handler in logger.handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(ScreenFilter())
            handler.setFormatter(ScreenFormatter())


@contextlib.contextmanager
def prints_to_log_file() -> Iterator[None]:
    """Send what is printed meanwhile, as pycocotools does, to the log file."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        yield
    if printed.getvalue():
        print_log(printed.getvalue(), logger='current')


def start_log(path: str) -> None:
    """Log to a new file, and what a person would read to the screen as well.

    Args:
        path: The file.

    Raises:
        OSError: If it cannot be written.
    """
    name = f'{path} {time.monotonic_ns()}'  # mmengine returns an old logger of the same name
    tidy_screen(MMLogger.get_instance(name, log_file=path))


@contextlib.contextmanager
def library_output_to_log() -> Iterator[None]:
    """Send what libraries print meanwhile to the log file, that of C code as well.

    OpenCV and the decoders of images write to the process's standard error past
    Python; warnings of Python go there too.
    """
    streams = [handler.stream for handler in MMLogger.get_current_instance().handlers
               if isinstance(handler, logging.FileHandler)]
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
