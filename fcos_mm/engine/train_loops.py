"""mmengine's training loops, which can go on in the middle of an epoch.

Configs under ``default_scope='fcos_mm'`` get them by the plain names. What a
resumed run has trained on is not loaded again, and a validation that the run
before was stopped in is made up for.
"""
from typing import Iterator

from mmengine.dataset import InfiniteSampler
from mmengine.runner import EpochBasedTrainLoop as MMEngineEpochBasedTrainLoop
from mmengine.runner import IterBasedTrainLoop as MMEngineIterBasedTrainLoop
from torch.utils.data import DataLoader

from fcos_mm.datasets.samplers import skip_batches
from fcos_mm.registry import LOOPS

# In the message hub, and so in checkpoints: the iteration after which the last
# validation was finished.
VALIDATED = 'last_validation'


@LOOPS.register_module()
class EpochBasedTrainLoop(MMEngineEpochBasedTrainLoop):
    """Training by epochs.

    Args:
        *args: mmengine's arguments.
        **kwargs: mmengine's arguments.

    Attributes:
        batches_done: Batches of the present epoch that are trained on; the one
            in work counts.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.batches_done = 0

    def enter(self, batches_done: int, batches_per_epoch: int) -> None:
        """Go on within an epoch.

        Args:
            batches_done: Batches of the epoch that are trained on.
            batches_per_epoch: How many it had then. If it has another number
                now, the same share of it is left out.
        """
        length = len(self.dataloader)
        if length != batches_per_epoch:
            batches_done = batches_done * length // batches_per_epoch
            self._iter = self._epoch * length + batches_done
        self.batches_done = batches_done

    def run(self):
        """Train, and validate where it is due.

        Returns:
            nn.Module: The model.
        """
        self.runner.call_hook('before_train')
        if self.batches_done == 0 and _validation_is_missing(self) and self._validation_is_due():
            self.runner.val_loop.run()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            if self._validation_is_due():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train for the rest of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        first = self.batches_done
        for place, batch in enumerate(_batches_from(self.dataloader, first), start=first):
            self.run_iter(place, batch)
        self.batches_done = 0
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch) -> None:
        """Train on a batch.

        Args:
            idx: Its place in the epoch.
            data_batch: The batch.
        """
        self.batches_done = idx + 1
        super().run_iter(idx, data_batch)

    def _validation_is_due(self) -> bool:
        self._decide_current_val_interval()
        return (self.runner.val_loop is not None and self._epoch >= self.val_begin
                and (self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs))


@LOOPS.register_module()
class IterBasedTrainLoop(MMEngineIterBasedTrainLoop):
    """Training by iterations.

    Args:
        *args: mmengine's arguments.
        **kwargs: mmengine's arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # made in run, when it is known where to start
        self.dataloader_iterator = None

    def run(self):
        """Train, and validate where it is due.

        Returns:
            nn.Module: The model.
        """
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.dataloader_iterator = endless_batches(self.dataloader, self._iter)
        if _validation_is_missing(self) and self._validation_is_due():
            self.runner.val_loop.run()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            if self._validation_is_due():
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _validation_is_due(self) -> bool:
        self._decide_current_val_interval()
        return (self.runner.val_loop is not None and self._iter >= self.val_begin
                and (self._iter % self.val_interval == 0 or self._iter == self._max_iters))


def endless_batches(loader: DataLoader, first: int) -> Iterator:
    """Go through a loader again and again.

    Args:
        loader: The loader.
        first: How many batches of the run to leave out.

    Yields:
        Batches.
    """
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


def _validation_is_missing(loop) -> bool:
    """Whether the run before was stopped after a checkpoint, before it had validated."""
    validated = loop.runner.message_hub.runtime_info.get(VALIDATED)
    return validated is not None and loop.iter > 0 and validated != loop.iter
