"""Count unreadable images, and stop if there are too many."""
import math

from mmengine.dist import all_gather_object, get_world_size
from mmengine.hooks import Hook

from fcos_mm.datasets.unreadable import UNREADABLE
from fcos_mm.datasets.walk import count_images
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import HOOKS

_MAX_SHOWN = 20  # as many are named in one message


@HOOKS.register_module()
class UnreadableImageHook(Hook):
    """Reports training images that could not be read or failed in a transform.

    ``CocoDataset`` replaces them. Each is named in the log when it first occurs, and all of them
    are listed at the end of training.

    Args:
        limit: Number of unreadable images that training tolerates: an integer, or a share of the
            dataset below 1, rounded up. With more, training stops.
        interval: Iterations between counts over all ranks. A rank stops on its own if it alone
            exceeds the limit.
    """

    def __init__(self, *, limit: int | float = 0.01, interval: int = 1000) -> None:
        if limit < 0:
            raise UserError('default_hooks.unreadable.limit must be a number of images or a '
                            f'share below 1, got {limit!r}.')
        self.limit = limit
        self.interval = interval
        self._lost: dict[str, str] = {}  # message by path

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Find replaced images in the batch."""
        new = {path: text for sample in data_batch.get('data_samples', ())
               for path, text in getattr(sample, 'metainfo', {}).get(UNREADABLE, ())
               if path not in self._lost}
        if new:
            self._lost.update(new)
            runner.logger.warning('\n'.join(new.values())
                                  + '\nThe next image is used instead.')
            self._check(runner)

    def after_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Count over all ranks at intervals."""
        if get_world_size() > 1 and self.every_n_train_iters(runner, self.interval):
            self._gather()
            self._check(runner)

    def after_train(self, runner) -> None:
        """List all images that could not be read."""
        self._gather()
        if self._lost:
            runner.logger.warning(f'{self._count()} replaced in this training:\n{self._listing()}')

    def _gather(self) -> None:
        known = all_gather_object(self._lost)
        self._lost = {path: text for lost in known for path, text in lost.items()}

    def _check(self, runner) -> None:
        total = count_images(runner.train_dataloader.dataset)
        allowed = self.limit if self.limit >= 1 else math.ceil(self.limit * total)
        if len(self._lost) > allowed:
            raise UserError(
                f'{self._count()} so far; the limit is {allowed:g} of {total}:\n'
                f'{self._listing()}\nReplace them, remove them from the annotation file, or set '
                'default_hooks.unreadable.limit to a higher number or share. If a transform '
                'fails, check its settings first.')

    def _count(self) -> str:
        return f'{len(self._lost)} unreadable image{"s" if len(self._lost) > 1 else ""}'

    def _listing(self) -> str:
        lines = [text.splitlines()[0] for text in self._lost.values()]
        return first_few(lines, _MAX_SHOWN, '\n')
