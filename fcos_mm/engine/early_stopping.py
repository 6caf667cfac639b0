"""``EarlyStoppingHook``: stop training when AP no longer improves."""
import math
from typing import Any

from mmengine.hooks import EarlyStoppingHook as MMEngineEarlyStoppingHook
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError
from fcos_mm.registry import HOOKS

_STATE = 'early_stopping'  # in the message hub, and so in checkpoints


@HOOKS.register_module()
class EarlyStoppingHook(MMEngineEarlyStoppingHook):
    """mmengine's hook, adapted to AP.

    Halfway through a cosine schedule the learning rate has only fallen by half, and much of the
    final AP comes while it falls further. The first half therefore always runs, whatever the
    validation results, even at an AP of 0. After that, training stops when AP has not improved
    for ``patience`` validations and for a fifth of the schedule. A step schedule should have taken
    its first step by then.

    The state of the hook is stored in checkpoints: a resumed training stops where an uninterrupted
    one would, and a training that was stopped early is not continued.

    Args:
        monitor: The metric.
        min_delta: Minimum improvement that counts.
        patience: Number of validations without improvement after which training stops...
        patience_share: ...if they are at least this share of all validations.
        begin: Share of the training after which validations count.
        **kwargs: mmengine's other arguments.
    """

    priority = 'LOW'  # before checkpoints are written

    def __init__(self, *, monitor: str = 'coco/bbox_mAP', min_delta: float = 0.002,
                 patience: int = 10, patience_share: float = 0.2, begin: float = 0.5,
                 **kwargs: Any) -> None:
        for name, share in (('patience_share', patience_share), ('begin', begin)):
            if not 0 <= share < 1:
                raise UserError(f'EarlyStoppingHook has {name}={share!r}.\nIt must be a share of '
                                'the training, from 0 to below 1.')
        super().__init__(monitor=monitor, min_delta=min_delta, patience=patience, **kwargs)
        self.patience_share = patience_share
        self.begin = begin
        self.best_at = ''
        self._training = False

    def before_run(self, runner) -> None:
        """Do nothing: mmengine's hook would build the training loop, even for a test."""

    def before_train(self, runner) -> None:
        """Continue from the state in the checkpoint; stop at once if training had been stopped."""
        self._training = True
        share = math.ceil(self.patience_share * _validations(runner.train_loop))
        self.patience = max(self.patience, share)
        state = runner.message_hub.runtime_info.get(_STATE, {})
        if state.get('monitor') != self.monitor:
            return
        self.best_score, self.best_at = state['best_score'], state['best_at']
        self.wait_count = state['wait_count']
        if self.wait_count >= self.patience:
            runner.train_loop.stop_training = True
            runner.logger.warning(
                f'This training was stopped early and cannot resume: {self._reason()}. To '
                'continue anyway, raise patience of the EarlyStoppingHook above '
                f'{self.wait_count}, or remove the hook.')

    def after_val_epoch(self, runner, metrics: dict) -> None:
        """Stop the training if it is time."""
        if not metrics or not self._training:
            return
        if self.monitor not in metrics:
            raise UserError(
                f'EarlyStoppingHook has monitor={self.monitor!r}, but the validation has no such '
                f'metric.{did_you_mean(self.monitor, metrics)}\nIt has {", ".join(metrics)}.')
        best, value = self.best_score, float(metrics[self.monitor])
        stop, reason = self._check_stop_condition(value)
        if self.best_score != best:
            self.best_at = _now(runner)
        elif runner.iter <= self.begin * runner.max_iters and self.wait_count:
            self.wait_count, stop = 0, False
        runner.message_hub.update_info(_STATE, dict(
            monitor=self.monitor, best_score=float(self.best_score), best_at=self.best_at,
            wait_count=self.wait_count))
        if stop:
            waited = self.wait_count >= self.patience
            runner.train_loop.stop_training = True
            runner.logger.info(f'Training stops early: {self._reason() if waited else reason}')

    def _reason(self) -> str:
        better = 'higher' if self.rule == 'greater' else 'lower'
        return (f'no {better} {self.monitor} in {self.wait_count} validations, best '
                f'{self.best_score:.3f} at {self.best_at}')


def _validations(loop) -> int:
    """How many validations a whole training has."""
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    return (loop.max_epochs if by_epoch else loop.max_iters) // loop.val_interval


def _now(runner) -> str:
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    return f'epoch {runner.epoch}' if by_epoch else f'iteration {runner.iter:,}'
