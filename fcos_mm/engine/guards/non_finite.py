"""Stop training at a non-finite loss or gradient, and record the batch."""
import math

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from torch import Tensor, nn

from fcos_mm.compat.modules import inner_model
from fcos_mm.compat.optimizers import copy_all
from fcos_mm.engine.guards.batch_record import RecordedBatch, record_path, save_record
from fcos_mm.engine.guards.optim_wrapper import MeasuredStep
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import HOOKS


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Guards every step against a loss or gradient that is NaN or infinite.

    All ranks skip the step and restore the batch norm statistics, so that the weights stay finite;
    a checkpoint with non-finite weights is not saved. The batch and the weights are written to
    ``<work_dir>/non_finite/``, for ``fcos-mm replay-batch``. All ranks reach the same decision
    without communication, see :class:`MeasuredStep`.

    Args:
        action: ``'stop'`` ends training; ``'skip'`` continues with the next batch; ``'off'``
            takes every step, as mmengine does.
        max_skips: With ``'skip'``, the number of steps of a run that may be skipped; the next one
            ends training.
    """

    # Before the losses enter the log, whose history checkpoints hold.
    priority = 'HIGHEST'

    def __init__(self, *, action: str = 'stop', max_skips: int = 10) -> None:
        if action not in ('stop', 'skip', 'off'):
            raise UserError("default_hooks.non_finite.action must be 'stop', 'skip' or 'off', "
                            f'got {action!r}.')
        if max_skips < 0:
            raise UserError('default_hooks.non_finite.max_skips must be 0 or more, '
                            f'got {max_skips!r}.')
        self.action = action
        self.max_skips = max_skips
        self._skipped = 0
        self._batches: list[RecordedBatch] = []  # whose gradient is in no step yet
        self._statistics: list[Tensor] | None = None  # of batch norms that are trained

    def before_train(self, runner) -> None:
        """Let the optimizer wrapper skip steps."""
        if self.action == 'off':
            return
        if not isinstance(runner.optim_wrapper, MeasuredStep):
            raise UserError(
                f'optim_wrapper is a {type(runner.optim_wrapper).__name__}, which cannot skip '
                "a step. Set optim_wrapper.type to 'fcos_mm.OptimWrapper' or "
                "'fcos_mm.AmpOptimWrapper', or default_hooks.non_finite.action to 'off'.")
        runner.optim_wrapper.refuse = True

    def before_train_epoch(self, runner) -> None:
        """Update which batch norms are frozen."""
        self._statistics = None

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Save the batch and the statistics that the step changes."""
        if self.action == 'off':
            return
        if self._statistics is None:
            self._statistics = running_statistics(runner.model)
            self._kept = [value.clone() for value in self._statistics]
        elif not self._batches:
            copy_all(self._kept, self._statistics)
        self._batches.append(RecordedBatch.now(runner.iter + 1, data_batch))

    def after_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Log the gradient norm, and handle a skipped step.

        If a loss is not finite, ``outputs`` is cleared so that the means in the log stay finite.
        """
        wrapper = runner.optim_wrapper
        finite = wrapper.settle() if isinstance(wrapper, MeasuredStep) else None
        if self.action == 'off':
            return
        if finite:
            self._batches.clear()
            return
        terms = {name: number for name, value in outputs.items()
                 if not math.isfinite(number := value.item())}
        if terms:
            self._batches[-1].terms = terms
            outputs.clear()
        if finite is False:
            batches, self._batches = self._batches, []
            self._handle(runner, batches)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Check that the weights are finite: a finite step can still overflow."""
        bad = non_finite_names(checkpoint['state_dict'])
        if bad:
            raise UserError(f'The checkpoint is not saved: {len(bad)} weights are non-finite, '
                            f'{first_few(bad)}. Lower the learning rate and restart from the '
                            'previous checkpoint.')

    def _handle(self, runner, batches: list[RecordedBatch]) -> None:
        """Record, report and stop; all ranks call it."""
        faulty = [batch for batch in batches if batch.terms]
        reports = all_gather_object([batch.describe() for batch in faulty])
        if not any(reports):
            if runner.optim_wrapper.expects_overflow():
                return
            faulty = batches
            reports = all_gather_object([batch.describe() for batch in faulty])
        copy_all(self._statistics, self._kept)
        if faulty:
            save_record(runner, faulty)
        message = _message(runner, reports)
        self._skipped += 1
        if self.action == 'stop':
            raise UserError(message)
        if self._skipped > self.max_skips:
            raise UserError(f'{message}\nToo many steps were skipped: default_hooks.non_finite.'
                            f'max_skips allows {self.max_skips}.')
        runner.logger.warning(f'{message}\nTraining continues ({self._skipped} of '
                              f'{self.max_skips} steps skipped).')


def running_statistics(model: nn.Module) -> list[Tensor]:
    """The running means and variances that a training step of a model changes."""
    norms = [module for module in model.modules()
             if module.training and getattr(module, 'running_mean', None) is not None]
    return [value for norm in norms for value in (norm.running_mean, norm.running_var)]


def non_finite_names(state_dict: dict[str, Tensor]) -> list[str]:
    """Names of the tensors that contain NaN or infinity."""
    return [name for name, value in state_dict.items()
            if value.is_floating_point() and not value.isfinite().all()]


def _message(runner, reports: list[list[dict]]) -> str:
    """What happened, where, and what helps, from the reports of each rank's faulty batches."""
    lines = ['Non-finite loss or gradient; the step was skipped.']
    files = []
    for rank, batches in enumerate(reports):
        for batch in batches:
            terms = ', '.join(f'{name} is {value}' for name, value in batch['terms'].items())
            lines.append(f"iteration {batch['iteration']}, rank {rank}: "
                         f"{terms or 'losses finite, gradient non-finite'}\n"
                         f"  images: {', '.join(batch['images'])}")
        if batches:
            files.append(str(record_path(runner.work_dir, batches[-1]['iteration'], rank)))
    lines += _broken(runner, any(batch['terms'] for batches in reports for batch in batches))
    rate = max(rate for rates in runner.optim_wrapper.get_lr().values() for rate in rates)
    return '\n'.join([
        *lines,
        'To find the cause: fcos-mm replay-batch ' + ' '.join(files),
        f'Usual causes: the learning rate (now {rate:.3g}) is too high for the batch size (try '
        '--auto-scale-lr), or the warm-up is too short. '
        '--cfg-options optim_wrapper.clip_grad.max_norm=35 clips the gradient.'])


def _broken(runner, by_loss: bool) -> list[str]:
    """Name the weights that were not finite before, or else the gradients that are not."""
    model = inner_model(runner.model)
    bad = non_finite_names(model.state_dict())
    if bad:
        return [f'{len(bad)} weights were already non-finite before the step: {first_few(bad)}']
    if by_loss:  # then all gradients are NaN
        return []
    broken = {id(parameter) for parameter in runner.optim_wrapper.broken}
    names = [name for name, parameter in model.named_parameters() if id(parameter) in broken]
    return [f'{len(names)} gradients are non-finite: {first_few(names)}']
