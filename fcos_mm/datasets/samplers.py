"""Samplers that resume mid-epoch without loading the skipped images.

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

from fcos_mm.compat.mm_datasets import empty_buckets, infinite_indices, without_batch_limit
from fcos_mm.datasets.seeded import SeededIndex, SeededSamples
from fcos_mm.registry import DATA_SAMPLERS


class Skips:
    """For a sampler: leave out its first images, or batches, the next time it is iterated.

    Attributes:
        skipped: How many of this rank; back to 0 once an iterator has started.
            ``InfiniteSampler`` counts from the start of the run. A batch sampler
            does not load the images, but looks up their sizes, which decide on
            the batches.
    """
    skipped = 0


@DATA_SAMPLERS.register_module()
class DefaultSampler(Skips, MMEngineDefaultSampler):
    """Every image once an epoch."""

    def __iter__(self) -> Iterator[SeededIndex]:
        """Start the epoch that ``set_epoch`` has named."""
        skipped, self.skipped = self.skipped, 0
        indices = itertools.islice(super().__iter__(), skipped, None)
        epoch = self.epoch
        for index in indices:
            yield SeededIndex(index, self.seed, epoch)


@DATA_SAMPLERS.register_module()
class InfiniteSampler(Skips, MMEngineInfiniteSampler):
    """All images again and again, without an end."""

    def __iter__(self) -> Iterator[SeededIndex]:
        """Start from the first image, or from what is skipped."""
        skipped, self.skipped = self.skipped, 0
        first = self.rank + skipped * self.world_size
        places = itertools.count(first, self.world_size)
        indices = itertools.islice(infinite_indices(self), first, None, self.world_size)
        for index, place in zip(indices, places):
            yield SeededIndex(index, self.seed, place // self.size)


@DATA_SAMPLERS.register_module()
class AspectRatioBatchSampler(Skips, MMDetAspectRatioBatchSampler):
    """Batches of images that are all wide or all high."""

    def __iter__(self) -> Iterator[list[int]]:
        """Start with no image waiting for its batch."""
        skipped, self.skipped = self.skipped, 0
        empty_buckets(self)
        yield from itertools.islice(super().__iter__(), skipped, None)


def skip_batches(loader: DataLoader, num_batches: int) -> int:
    """Let the next iterator over a loader leave out batches of the epoch, or of an endless run.

    Returns how many of them remain to be loaded and dropped: all, where sampler or batch
    sampler is not one that can skip.
    """
    batch_sampler = loader.batch_sampler
    if isinstance(batch_sampler, Skips):
        batch_sampler.skipped = num_batches
        return 0
    if type(batch_sampler) is BatchSampler and isinstance(batch_sampler.sampler, Skips):
        batch_sampler.sampler.skipped = num_batches * batch_sampler.batch_size
        return 0
    return num_batches


def unseeded_part(loader: DataLoader) -> str | None:
    """Find what keeps samples from having randomness of their own."""
    dataset = without_batch_limit(loader.dataset)
    if not isinstance(dataset, SeededSamples):
        return type(dataset).__name__
    sampler = getattr(loader.batch_sampler, 'sampler', loader.sampler)
    if not isinstance(sampler, (DefaultSampler, InfiniteSampler)):
        return type(sampler).__name__
    return None
