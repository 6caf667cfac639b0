"""``ProgressHook``: the progress and metrics of a run, at the bottom of the terminal."""
import datetime
import os
import time
from pathlib import Path

import torch
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.engine.progress.display import Display, Status, terminal
from fcos_mm.registry import HOOKS

_BEST = 'best_validation'  # in the message hub, and so in checkpoints
_WINDOW = 20  # iterations over which losses and times are averaged


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows a progress display if the output is a terminal, and nothing otherwise.

    Args:
        metric: The metric to show; None: the first one of the evaluation.
        interval: Minimum number of seconds between updates.
    """

    priority = 'LOW'  # after the hooks that measure, before checkpoints are written

    def __init__(self, *, metric: str | None = None, interval: float = 0.5) -> None:
        self.metric = metric
        self.interval = interval
        self._display: Display | None = None
        self._training = False
        self._shown = -interval

    def before_run(self, runner) -> None:
        """Look for a terminal."""
        console = terminal() if is_main_process() else None
        self._display = Display(console, runner.logger) if console is not None else None

    def before_train(self, runner) -> None:
        """Note that validations belong to a training."""
        self._training = True

    def before_train_epoch(self, runner) -> None:
        """Take over the screen."""
        if self._display is not None:
            self._display.open()

    before_test_epoch = before_train_epoch

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Show the losses."""
        if not self._is_due():
            return
        loop, hub = runner.train_loop, runner.message_hub
        if isinstance(loop, EpochBasedTrainLoop):
            stage = f'Epoch {runner.epoch + 1}/{loop.max_epochs}'
            done, total = batch_idx + 1, len(runner.train_dataloader)
        else:
            stage, done, total = 'Iteration', runner.iter + 1, loop.max_iters
        losses = [f'{name.removeprefix("train/")} {values.mean(_WINDOW):.3f}'
                  for name, values in hub.log_scalars.items() if name.startswith('train/loss')]
        rate = [f'lr {values.current():.1e}' for name, values in hub.log_scalars.items()
                if name == 'train/lr']
        self._show(Status(stage, done, total, _time_left(hub), (
            tuple(losses), (*rate, *_speed(hub, 'train', data_batch), *self._metrics(hub)))))

    def before_val_epoch(self, runner) -> None:
        """Hide the output of evaluations during training."""
        if self._display is not None and self._training:
            self._display.hide_prints()

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Show the progress of the validation."""
        self._show_evaluation(runner, 'val', 'Validation', batch_idx, data_batch)

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Keep the best metric."""
        if self._display is not None:
            self._display.show_prints()
        metric = self.metric or next(iter(metrics or {}), None)
        if not self._training or metric not in (metrics or {}):
            return
        value = float(metrics[metric])
        best = runner.message_hub.runtime_info.get(_BEST)
        if best is None or best['metric'] != metric or value > best['value']:
            by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
            runner.message_hub.update_info(_BEST, dict(
                metric=metric, value=value,
                at=f'epoch {runner.epoch}' if by_epoch else f'iteration {runner.iter:,}'))

    def after_train(self, runner) -> None:
        """Log the best metric and its checkpoint."""
        hub = runner.message_hub.runtime_info
        best, checkpoint = hub.get(_BEST), str(hub.get('best_ckpt', ''))
        if self._display is not None and best is not None:
            of_it = best['metric'].replace('/', '_') in checkpoint
            runner.logger.info(f'best {best["metric"]} {best["value"]:.3f} at {best["at"]}'
                               + f': {checkpoint}' * of_it)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Show the progress of the test."""
        self._show_evaluation(runner, 'test', 'Test', batch_idx, data_batch)

    def after_run(self, runner) -> None:
        """Remove the display."""
        self.close()

    def close(self) -> None:
        """Remove the display, also after an error; may be called again."""
        if self._display is not None:
            self._display.close()

    def _is_due(self) -> bool:
        return self._display is not None and time.monotonic() - self._shown >= self.interval

    def _show(self, status: Status) -> None:
        self._display.show(status)
        self._shown = time.monotonic()

    def _show_evaluation(self, runner, mode: str, stage: str, batch_idx: int, batch) -> None:
        if not self._is_due():
            return
        loader, hub = getattr(runner, f'{mode}_dataloader'), runner.message_hub
        if self._training and isinstance(runner.train_loop, EpochBasedTrainLoop):
            stage = f'{stage} after epoch {runner.epoch}'
        self._show(Status(stage, batch_idx + 1, len(loader), _time_left(hub), (
            (*_speed(hub, mode, batch), *self._metrics(hub)), )))

    def _metrics(self, hub) -> list[str]:
        """The last metric and the best one."""
        best = hub.runtime_info.get(_BEST)
        last = None if best is None else hub.log_scalars.get(f'val/{best["metric"]}')
        if last is None:
            return []
        name = 'AP' if best['metric'].endswith('bbox_mAP') else best['metric']
        return [f'{name} {last.current():.3f}', f'best {best["value"]:.3f} at {best["at"]}']


def _time_left(hub) -> str:
    seconds = hub.runtime_info.get('eta')
    return '' if seconds is None else str(datetime.timedelta(seconds=int(seconds)))


def _speed(hub, mode: str, batch) -> list[str]:
    """Images per second of all processes, and the memory of this one."""
    times = hub.log_scalars.get(f'{mode}/time')
    images = len(batch['inputs']) if isinstance(batch, dict) and 'inputs' in batch else 0
    facts = []
    if times is not None and images:
        rate = images * get_world_size() / max(times.mean(_WINDOW), 1e-9)
        facts.append(f'{rate:.3g} images/s' if rate < 100 else f'{rate:,.0f} images/s')
    memory = _memory()
    return [*facts, *([f'{memory / 2**30:.1f} GiB'] if memory else [])]


def _memory() -> int:
    """Bytes: the most on the GPU, or the memory of the process; 0 where that is not known."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf('SC_PAGE_SIZE')
