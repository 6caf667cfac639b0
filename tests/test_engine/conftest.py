"""Running a tool in this process."""
import contextlib
import io

import pytest
from mmengine.logging import MessageHub, MMLogger

from fcos_mm.visualization import DetLocalVisualizer


def run_and_capture(main, *words):
    """Run a tool and return what it printed; a ``UserError`` goes through."""
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main([str(word) for word in words])
    return printed.getvalue()


@pytest.fixture(scope='session')
def run():
    """``run(main, *words)`` runs a tool and returns what it printed."""
    return run_and_capture
