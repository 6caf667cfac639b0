"""Running a tool in this process, whose signal handlers are put back."""
import contextlib
import io

import pytest
from mmengine.logging import MessageHub, MMLogger

from fcos_mm.cli import main
from fcos_mm.engine.resume.preemption import StopRequest
from fcos_mm.visualization import DetLocalVisualizer


def run_and_capture(command, *words):
    """Run a tool and return what it printed; a ``UserError`` goes through."""
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(command, [str(word) for word in words])
    return printed.getvalue()


@pytest.fixture(scope='session')
def run():
    """``run(command, *words)`` runs a tool and returns what it printed."""
    return run_and_capture


@pytest.fixture(autouse=True)
def signals():
    """A training that ends with an error leaves its handlers to the process, which ends."""
    yield
    StopRequest().ignore()
