"""mmengine's training loops, resumable in the middle of an epoch.

A resumed run does not reload the data it has already trained on, and repeats a validation that
was interrupted.
"""
from collections.abc import Iterator

from mmengine.dataset import InfiniteSampler
from mmengine.runner import EpochBasedTrainLoop as MMEngineEpochBasedTrainLoop
from mmengine.runner import IterBasedTrainLoop as MMEngineIterBasedTrainLoop
from torch import nn
from torch.utils.data import DataLoader

from fcos_mm.datasets.samplers import skip_batches
from fcos_mm.registry import LOOPS

# In the message hub, and so in checkpoints: the iteration after which the last validation was
# finished; batches of the epoch that are trained on, of how many.
VALIDATED = 'last_validation'
_DONE, _LENGTH = 'batches_done', 'batches_per_epoch'


class _Validates:
    def _validate_if_due(self, done: int, end: int) -> None:
        """Validate after so many epochs or iterations, of which the last is always validated."""
        self._decide_current_val_interval()
        if (self.runner.val_loop is not None and done >= self.val_begin
                and (done % self.val_interval == 0 or done == end)):
            self.runner.val_loop.run()

    def _validation_is_missing(self) -> bool:
        """Whether the run before was stopped after a checkpoint, before it had validated."""
        validated = self.runner.message_hub.runtime_info.get(VALIDATED)
        return validated is not None and self.iter > 0 and validated != self.iter


@LOOPS.register_module()
class EpochBasedTrainLoop(_Validates, MMEngineEpochBasedTrainLoop):
    """Training by epochs."""

    def run(self) -> nn.Module:
        """Train, and validate where it is due; returns the model."""
        self._enter_epoch()
        self.runner.call_hook('before_train')
        if self.batches_done == 0 and self._validation_is_missing():
            self._validate_if_due(self._epoch, self._max_epochs)
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate_if_due(self._epoch, self._max_epochs)
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train for the rest of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        first = self.batches_done
        for place, batch in enumerate(_batches_from(self.dataloader, first), start=first):
            self._note(place + 1)
            self.run_iter(place, batch)
        self._note(0)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    @property
    def batches_done(self) -> int:
        """int: Batches of this epoch trained on so far, including the current one."""
        return self.runner.message_hub.runtime_info.get(_DONE, 0)

    def _note(self, batches_done: int) -> None:
        self.runner.message_hub.update_info(_DONE, batches_done)

    def _enter_epoch(self) -> None:
        """Go on within an epoch: where the run before was, or at the same share of it."""
        hub, length = self.runner.message_hub, len(self.dataloader)
        before = hub.runtime_info.get(_LENGTH, length)
        if length != before:
            validated = hub.runtime_info.get(VALIDATED) == self._iter
            self._note(self.batches_done * length // before)
            self._iter = self._epoch * length + self.batches_done
            hub.update_info(VALIDATED, self._iter if validated else 0)
        hub.update_info(_LENGTH, length)


@LOOPS.register_module()
class IterBasedTrainLoop(_Validates, MMEngineIterBasedTrainLoop):
    """Training by iterations."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.dataloader_iterator = None  # made in run, when it is known where to start

    def run(self) -> nn.Module:
        """Train, and validate where it is due; returns the model."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.dataloader_iterator = endless_batches(self.dataloader, self._iter)
        if self._validation_is_missing():
            self._validate_if_due(self._iter, self._max_iters)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._validate_if_due(self._iter, self._max_iters)
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model


def endless_batches(loader: DataLoader, first: int) -> Iterator:
    """Iterate over a loader endlessly, skipping the first batches of the run."""
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    epoch = 0
    if not isinstance(sampler, InfiniteSampler):
        epoch, first = divmod(first, len(loader))
    while True:
        if hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(epoch)
        yield from _batches_from(loader, first)
        epoch, first = epoch + 1, 0


def _batches_from(loader: DataLoader, first: int) -> Iterator:
    """The batches of a loader without the first ones."""
    to_drop = skip_batches(loader, first) if first else 0
    for batch in loader:
        if to_drop:
            to_drop -= 1
        else:
            yield batch
