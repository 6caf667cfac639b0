"""A short screen and a complete log file."""
import logging

import pytest

from fcos_mm.apis.console import ScreenFormatter, prints_to_log_file
from fcos_mm.compat.log_records import is_for_the_file_only


def record(message, level=logging.INFO, path='/x/mmengine/hooks/logger_hook.py',
           function='after_train_iter'):
    return logging.LogRecord('mmengine', level, path, 1, message, (), None, func=function)


def test_screen_of_a_training_run(trained):
    lines = trained.screen.splitlines()
    assert len(lines) < 60
    assert 'classes     2: cup, jar' in lines
    assert 'training    4 images in batches of 2, 1 epochs' in lines
    assert 'validation  2 images in batches of 1' in lines
    steps = [line for line in lines if line.startswith('Epoch(train) [1]')]
    assert len(steps) == 2
    for word in ('lr:', 'eta:', 'loss:', 'loss_cls:', 'loss_bbox:', 'loss_centerness:'):
        assert word in steps[0]
    assert sum('Average Precision' in line for line in lines) == 6
    for noise in ('mmengine - INFO', 'System environment', 'Config:', 'before_run', 'FileClient',
                  'Failed to search', 'loading annotations', 'Initialized by', '\x1b', '━'):
        assert noise not in trained.screen


def test_log_file_has_what_the_screen_leaves_out(trained):
    for part in ('System environment:', 'Config:', 'before_run', 'Evaluating bbox',
                 'bbox_head.conv_cls.weight', 'Epoch(train) [1][2/2]', 'coco/bbox_mAP'):
        assert part in trained.log


@pytest.mark.parametrize('shown, entry', [
    (True, record('Epoch(train) [1][50/100]  lr: 1.0e-02')),
    (False, record('Exp name: fcos_20260101')),
    (False, record('Hooks ...', path='/x/mmengine/runner/runner.py', function='__init__')),
    (False, record('Load checkpoint from a.pth', path='/x/mmengine/runner/runner.py',
                   function='load_checkpoint')),
    (True, record('taken 2 of 2 tensors from a.pth', path='/x/fcos_mm/apis/runner.py',
                  function='load_checkpoint')),
    (False, record('Loads checkpoint by ...', path='/x/mmengine/logging/logger.py',
                   function='print_log')),
    (True, record('the box is empty', logging.WARNING, '/x/mmengine/logging/logger.py',
                  'print_log')),
    (False, record('"FileClient" will be deprecated in future.', logging.WARNING)),
    (True, record('it broke', logging.ERROR)),
])
def test_filter(shown, entry):
    assert is_for_the_file_only(entry) is not shown


def test_formatter():
    assert ScreenFormatter().format(record('loss: 1')) == 'loss: 1'
    assert ScreenFormatter().format(record('odd', logging.WARNING)) == 'warning: odd'


def test_prints_are_kept(capsys):
    with prints_to_log_file():
        print('creating index...')
    assert not capsys.readouterr().out.startswith('creating index...')
