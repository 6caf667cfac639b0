"""The log file of a run: what the screen does not show."""
import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator

_FORMAT = '%(asctime)s - %(levelname)s - %(message)s'


def file_log(path: str) -> logging.Logger:
    """A logger that writes to a new file and nowhere else.

    Raises:
        OSError: If the file cannot be written.
    """
    handler = logging.FileHandler(path, 'w', encoding='utf-8', errors='backslashreplace')
    handler.setFormatter(logging.Formatter(_FORMAT))
    return _with_handlers([handler])


def files_alone(logger: logging.Logger) -> logging.Logger:
    """A logger that writes to the files of another one, and not to its screen."""
    return _with_handlers([handler for handler in logger.handlers
                           if isinstance(handler, logging.FileHandler)])


@contextlib.contextmanager
def library_output_to(logger: logging.Logger) -> Iterator[None]:
    """Send what libraries print meanwhile to the logger's file, also OpenCV and other C code.

    Args:
        logger: From :func:`file_log` or :func:`files_alone`; without a file nothing changes.
    """
    if not logger.handlers:
        yield
        return
    stream = logger.handlers[0].stream
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(stream.fileno(), 2)
        with contextlib.redirect_stderr(stream), contextlib.redirect_stdout(
                io.StringIO()) as printed:
            yield
        if printed.getvalue():
            logger.info(printed.getvalue())
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _with_handlers(handlers: list[logging.Handler]) -> logging.Logger:
    logger = logging.Logger('fcos_mm')
    for handler in handlers:
        logger.addHandler(handler)
    return logger
