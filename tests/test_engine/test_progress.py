"""What the progress display shows, hides and leaves behind."""
import contextlib
import io
import logging
import os
import re
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS
from mmengine.runner import EpochBasedTrainLoop
from rich.console import Console

from fcos_mm.cli import test as testing
from fcos_mm.cli import train
from fcos_mm.engine.progress import hook as progress
from fcos_mm.engine.progress.display import Display, Status, terminal

CONTROL = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')
SETTINGS = '''
_base_ = '{base}'
model = dict(test_cfg=dict(max_per_img=100))
train_cfg = dict(max_epochs=2)
default_hooks = dict(progress=dict(interval=0), checkpoint=dict({hook}))
'''


@pytest.fixture(autouse=True)
def plain_config_texts(monkeypatch):
    """mmengine formats the config for every checkpoint, which takes half a second."""
    monkeypatch.setattr(Config, 'pretty_text', property(lambda self: repr(self.to_dict())))


def fake_terminal(width=150):
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=30)


def shown(console):
    """What was written to the terminal, line by line and without control characters."""
    text = CONTROL.sub('', console.file.getvalue())
    return [line.rstrip() for line in re.split('[\r\n]+', text) if line]


@pytest.fixture
def logger(tmp_path):
    """A logger with a screen, the standard output, and a file."""
    logger = logging.getLogger(f'progress {tmp_path}')
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for handler in (logging.StreamHandler(sys.stdout), logging.FileHandler(tmp_path / 'log')):
        logger.addHandler(handler)
    yield logger
    for handler in logger.handlers:
        handler.close()


@pytest.fixture
def display(logger):
    console = fake_terminal(60)
    display = Display(console, logger)
    yield display
    display.close()


def test_a_status(display):
    display.show(Status('Epoch 3/12', 5, 10, '0:01:00', (('loss 1.0', 'lr 1e-3'), ('AP 0.5', ))))
    first, *others = shown(display._console)
    assert first.startswith('Epoch 3/12  ━━━') and first.endswith('  5/10  0:01:00 left')
    assert len(first) == 60 and others == ['loss 1.0   lr 1e-3', 'AP 0.5']


def test_a_narrow_terminal_cuts_lines(display):
    display.show(Status('Test', 0, 0, lines=(('word ' * 30, ), ())))
    first, second = shown(display._console)
    assert second == ('word ' * 30)[:60].rstrip()


def test_log_lines_and_prints_go_above(display, logger):
    display.show(Status('Test', 1, 2))
    logger.info('a line [bold]of the log')
    print('and a print')
    display.show(Status('Test', 2, 2))
    lines = [line.split('  ')[0] for line in shown(display._console)]
    assert lines == ['Test', 'a line [bold]of the log', 'Test', 'and a print', 'Test', 'Test']


def test_prints_of_an_evaluation_go_to_the_log_file(display, logger, tmp_path):
    display.hide_prints()
    print('Average Precision = 0.5')
    logger.info('a line of the log')
    display.show_prints()
    assert 'a line of the log' in shown(display._console)
    assert (tmp_path / 'log').read_text().split('\n')[:2] == [
        'a line of the log', 'Average Precision = 0.5']


@pytest.mark.parametrize('error', [None, KeyboardInterrupt, ValueError])
def test_the_terminal_is_left_as_it_was(logger, error):
    before = sys.stdout, sys.stderr, logger.handlers[0].stream
    console = fake_terminal()
    display = Display(console, logger)
    with contextlib.suppress(KeyboardInterrupt, ValueError):
        try:
            display.hide_prints()
            display.show(Status('Test', 1, 2))
            if error is not None:
                raise error
        finally:
            display.close()
    assert (sys.stdout, sys.stderr, logger.handlers[0].stream) == before
    assert not logger.handlers[0].filters
    text = console.file.getvalue()
    assert text.rindex('\x1b[?25h') > text.rindex('\x1b[?25l')  # the cursor can be seen
    display.close()


def test_a_terminal_that_is_gone_does_not_end_a_run(display, monkeypatch):
    display.open()
    monkeypatch.setattr(display._console.file, 'write', lambda text: os.write(-1, b''))
    with pytest.raises(OSError):
        display._console.file.write('')
    display.show(Status('Test', 1, 2))
    before = sys.stdout
    display.close()
    assert sys.stdout is not before


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize('stream, above', [(Screen(), True), (io.StringIO(), False)],
                         ids=['terminal', 'file'])
def test_errors_go_above_unless_they_go_to_a_file(display, monkeypatch, stream, above):
    monkeypatch.setattr(sys, 'stderr', stream)
    display.open()
    print('an error', file=sys.stderr)
    display.close()
    assert ('an error' in shown(display._console)) is above
    assert (stream.getvalue() == 'an error\n') is not above


def test_what_is_no_terminal(monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('FORCE_COLOR', '1')
    monkeypatch.setattr(sys, 'stdout', io.StringIO())
    assert terminal() is None
    monkeypatch.setattr(sys, 'stdout', None)
    assert terminal() is None
    monkeypatch.setattr(sys, 'stdout', Screen())
    assert terminal().file is sys.stdout
    monkeypatch.setenv('TERM', 'dumb')
    assert terminal() is None


@pytest.fixture
def write(tiny_config, tmp_path):
    def write(text='', hook=''):
        path = tmp_path / 'progress.py'
        path.write_text(SETTINGS.format(base=tiny_config, hook=hook) + text)
        return path

    return write


@pytest.fixture
def on_terminal(monkeypatch):
    """Runs see a terminal, which is returned."""
    console = fake_terminal()
    monkeypatch.setattr(progress, 'terminal', lambda: console)
    return console


def test_last_and_best_metric():
    def validated(epoch, value):
        hook.after_val_epoch(SimpleNamespace(
            train_loop=EpochBasedTrainLoop.__new__(EpochBasedTrainLoop), message_hub=hub,
            epoch=epoch), {'coco/bbox_mAP': value, 'coco/bbox_mAP_50': .9})
        hub.update_scalar('val/coco/bbox_mAP', value)
        return hook._metrics(hub)

    hook, hub = progress.ProgressHook(), MessageHub('last and best')
    assert hook._metrics(hub) == []
    hook.before_train(None)
    assert validated(1, .25) == ['AP 0.250', 'best 0.250 at epoch 1']
    assert validated(2, .5) == ['AP 0.500', 'best 0.500 at epoch 2']
    assert validated(3, .5) == ['AP 0.500', 'best 0.500 at epoch 2']
    assert validated(4, .125) == ['AP 0.125', 'best 0.500 at epoch 2']
    assert progress.ProgressHook()._metrics(hub) == ['AP 0.125', 'best 0.500 at epoch 2']


def test_a_training_and_a_test_on_a_terminal(write, run, on_terminal, tmp_path):
    config, work_dir = write(hook="save_best='coco/bbox_mAP'"), tmp_path / 'work'
    screen = run(train, config, '--work-dir', work_dir)
    lines = shown(on_terminal)
    step = lines.index(next(line for line in lines if line.startswith('Epoch 2/2')))
    assert re.fullmatch(r'Epoch 2/2  [━╸╺]+  1/2  0:00:\d\d left', lines[step])
    losses = '   '.join(rf'{name} \d\.\d{{3}}' for name in (
        'loss', 'loss_cls', 'loss_bbox', 'loss_centerness'))
    assert re.fullmatch(losses, lines[step + 1])
    assert re.fullmatch(r'lr 1\.0e-02   [\d.]+ images/s   \d+\.\d GiB   AP 0\.\d{3}   '
                        r'best 0\.\d{3} at epoch 1.*', lines[step + 2])
    assert any(line.startswith('Validation after epoch 1  ') for line in lines)
    news = '\n'.join([screen, *lines])
    assert 'Epoch(val) [2][2/2]    coco/bbox_mAP: ' in news
    for hidden in ('Epoch(train)', 'Saving checkpoint', 'Average Precision'):
        assert hidden not in news
    best = next(work_dir.glob('best_*.pth'))
    assert re.search(rf'best coco/bbox_mAP 0\.\d{{3}} at epoch \d: {best}', news.replace('\n', ''))
    log = next(work_dir.glob('*/*.log')).read_text()
    for kept in ('Epoch(train) [2][2/2]', 'Saving checkpoint', 'Average Precision'):
        assert kept in log
    hub = torch.load(work_dir / 'epoch_2.pth')['message_hub']['runtime_info']
    assert hub['best_validation']['metric'] == 'coco/bbox_mAP'
    on_terminal.file.truncate(0)
    screen = run(testing, config, work_dir / 'epoch_2.pth', '--work-dir', tmp_path / 'test')
    lines = shown(on_terminal)
    assert any(line.startswith('Test  ') for line in lines)
    assert 'Average Precision' in '\n'.join(lines)
    assert 'score threshold' in screen


@HOOKS.register_module()
class Interrupted(Hook):
    """Ctrl-C before the fourth iteration."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 3:
            raise KeyboardInterrupt


def test_iterations_until_ctrl_c(write, run, on_terminal, tmp_path):
    config = write('''
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=4, val_interval=2)
log_processor = dict(by_epoch=False)
custom_hooks = [dict(type='Interrupted')]
''', hook='by_epoch=False, interval=4')
    before = sys.stderr
    with pytest.raises(KeyboardInterrupt):
        run(train, config, '--work-dir', tmp_path / 'work')
    lines = '\n'.join(shown(on_terminal))
    assert re.search(r'Iteration  [━╸╺]+  3/4 ', lines) and 'at iteration 2' in lines
    assert re.search(r'Validation  ━+  2/2 ', lines)
    assert sys.stderr is before
    assert on_terminal.file.getvalue().endswith('\x1b[1A\x1b[2K' * 3)  # three lines are erased
