"""Libraries that say nothing while they convert a network."""
import contextlib
import logging
import os
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without logs, progress bars and warnings; errors are still raised."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with (open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere),
              contextlib.redirect_stderr(nowhere), warnings.catch_warnings()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(level)
