"""One real, tiny training run that the tests of the tools look at."""
import contextlib
import io
from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger


def run_and_capture(main, argv):
    """Run a tool in this process.

    mmengine names loggers by the second; a run that starts in the same second
    as the last one would write to that one's screen.

    Returns:
        What it returned and what it printed.
    """
    MMLogger._instance_dict.clear()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        result = main([str(word) for word in argv])
    return result, printed.getvalue()


@pytest.fixture(scope='session')
def trained(tiny_config, tmp_path_factory):
    """A finished run: ``work_dir``, ``checkpoint``, ``screen``, ``log``."""
    from fcos_mm.apis import train
    work_dir = tmp_path_factory.mktemp('work_dir')
    _, screen = run_and_capture(train.main, [tiny_config, '--work-dir', work_dir])
    log, = work_dir.glob('*/*.log')
    return SimpleNamespace(
        work_dir=work_dir, checkpoint=work_dir / 'epoch_1.pth', screen=screen,
        log=log.read_text(), config=tiny_config)


@pytest.fixture
def run():
    """``run(main, argv)`` runs a tool and returns its result and prints."""
    return run_and_capture
