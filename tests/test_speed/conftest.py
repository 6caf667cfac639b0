"""Real small runs of the tools."""
import contextlib
import io
import json

import pytest
from mmengine.logging import MessageHub, MMLogger

from fcos_mm.cli import main, train
from fcos_mm.visualization import DetLocalVisualizer


def run(command, *words):
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    with contextlib.redirect_stdout(io.StringIO()):
        return main(command, [str(word) for word in words])


def scalars(work_dir):
    """All lines of the log of numbers."""
    path, = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def losses(work_dir):
    return [line['loss'] for line in scalars(work_dir) if 'loss' in line]


@pytest.fixture(scope='session')
def plain(tiny_config, tmp_path_factory):
    """The work dir of a training without any option, which dumps what its validation detects."""
    work_dir = tmp_path_factory.mktemp('plain')
    config = work_dir / 'config.py'
    config.write_text(
        f"_base_ = '{tiny_config}'\n"
        "val_evaluator = [{{_base_.val_evaluator}}, dict(type='DumpDetResults', "
        f"out_file_path='{work_dir / 'val.pkl'}')]\n")
    run(train, config, '--work-dir', work_dir)
    return work_dir
