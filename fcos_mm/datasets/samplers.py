"""The order of the images; it can be entered anywhere without loading one.

Configs under ``default_scope='fcos_mm'`` get these samplers by the plain
names. The order is that of mmengine and mmdet. They differ in two ways: an
index carries the randomness of its sample (:class:`SeededIndex`), and what a
resumed run has already trained on can be skipped. What is skipped is decided
when the first index is taken: torch makes iterators that it does not use.
"""
import itertools
from collections.abc import Iterator

from mmdet.datasets.samplers import AspectRatioBatchSampler as MMDetAspectRatioBatchSampler
from mmengine.dataset import DefaultSampler as MMEngineDefaultSampler
from mmengine.dataset import InfiniteSampler as MMEngineInfiniteSampler
from torch.utils.data import BatchSampler, DataLoader

from fcos_mm.datasets.seeded import SeededIndex, SeededSamples
from fcos_mm.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class DefaultSampler(MMEngineDefaultSampler):
    """Every image once an epoch.

    Args:
        *args: mmengine's arguments.
        **kwargs: mmengine's arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._skipped = 0

    def skip(self, num_samples: int) -> None:
        """Leave out the first images of this rank the next time it is iterated.

        Args:
            num_samples: How many images.
        """
        self._skipped = num_samples

    def __iter__(self) -> Iterator[SeededIndex]:
        """Start the epoch that ``set_epoch`` has named."""
        skipped, self._skipped = self._skipped, 0
        indices = itertools.islice(super().__iter__(), skipped, None)
        epoch = self.epoch
        for index in indices:
            yield SeededIndex(index, self.seed, epoch)


@DATA_SAMPLERS.register_module()
class InfiniteSampler(MMEngineInfiniteSampler):
    """All images again and again, without an end.

    Args:
        *args: mmengine's arguments.
        **kwargs: mmengine's arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._skipped = 0

    def skip(self, num_samples: int) -> None:
        """Leave out the first images of this rank the next time it is iterated.

        Args:
            num_samples: How many images, counted from the start of the run.
        """
        self._skipped = num_samples

    def __iter__(self) -> Iterator[SeededIndex]:
        """Start from the first image, or from where ``skip`` says."""
        skipped, self._skipped = self._skipped, 0
        first = self.rank + skipped * self.world_size
        places = itertools.count(first, self.world_size)
        indices = itertools.islice(self._infinite_indices(), first, None, self.world_size)
        for index, place in zip(indices, places):
            yield SeededIndex(index, self.seed, place // self.size)


@DATA_SAMPLERS.register_module()
class AspectRatioBatchSampler(MMDetAspectRatioBatchSampler):
    """Batches of images that are all wide or all high.

    Args:
        *args: mmdet's arguments.
        **kwargs: mmdet's arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._skipped = 0

    def skip_batches(self, num_batches: int) -> None:
        """Leave out the first batches the next time it is iterated.

        Args:
            num_batches: How many batches. Their images are not loaded, but
                their sizes are looked up, as they decide on the batches.
        """
        self._skipped = num_batches

    def __iter__(self) -> Iterator[list[int]]:
        """Start with no image waiting for its batch."""
        skipped, self._skipped = self._skipped, 0
        self._aspect_ratio_buckets = [[], []]
        yield from itertools.islice(super().__iter__(), skipped, None)


def skip_batches(loader: DataLoader, num_batches: int) -> int:
    """Let the next iterator over a loader start later.

    Args:
        loader: The loader.
        num_batches: How many batches to leave out, counted from the start of
            the epoch, or of the run where the sampler has no end.

    Returns:
        How many of them remain to be loaded and dropped: all, where sampler or
        batch sampler is not one that can skip.
    """
    batch_sampler = loader.batch_sampler
    if hasattr(batch_sampler, 'skip_batches'):
        batch_sampler.skip_batches(num_batches)
        return 0
    if type(batch_sampler) is BatchSampler and hasattr(batch_sampler.sampler, 'skip'):
        batch_sampler.sampler.skip(num_batches * batch_sampler.batch_size)
        return 0
    return num_batches


def unseeded_part(loader: DataLoader) -> str | None:
    """Find what keeps samples from having randomness of their own.

    Args:
        loader: The loader.

    Returns:
        The name of a dataset or sampler; None if there is none.
    """
    dataset = getattr(loader.dataset, '_dataset', loader.dataset)  # of num_batch_per_epoch
    if not isinstance(dataset, SeededSamples):
        return type(dataset).__name__
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    if not isinstance(sampler, (DefaultSampler, InfiniteSampler)):
        return type(sampler).__name__
    return None
