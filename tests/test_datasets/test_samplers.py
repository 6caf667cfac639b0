"""The samplers beside mmengine's and mmdet's, and entered in the middle."""
import itertools

import mmdet.datasets.samplers
import mmengine.dataset
import mmengine.dataset.sampler
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler, DataLoader

from fcos_mm.datasets import AspectRatioBatchSampler, DefaultSampler, InfiniteSampler
from fcos_mm.datasets.samplers import skip_batches


class Images:
    """Every third image is high, the others wide."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, idx):
        return idx

    def get_data_info(self, idx):
        return dict(width=3 if idx % 3 else 1, height=2)


def as_list(batch):
    return [(int(index), index.seed, index.epoch) for index in batch]


def head(iterable, count):
    return list(itertools.islice(iter(iterable), count))


@pytest.fixture(params=[(0, 1), (0, 2), (1, 2)], ids=str)
def rank(request, monkeypatch):
    monkeypatch.setattr(mmengine.dataset.sampler, 'get_dist_info', lambda: request.param)
    return request.param


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('epoch', [0, 3])
def test_default_sampler_has_the_order_of_mmengine(rank, shuffle, epoch):
    samplers = [cls(Images(7), shuffle=shuffle, seed=5)
                for cls in (DefaultSampler, mmengine.dataset.DefaultSampler)]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    ours, theirs = map(list, samplers)
    assert ours == theirs
    assert {(index.seed, index.epoch) for index in ours} == {(5, epoch)}


@pytest.mark.parametrize('shuffle', [True, False])
def test_infinite_sampler_has_the_order_of_mmengine(rank, shuffle):
    ours = head(InfiniteSampler(Images(5), shuffle=shuffle, seed=5), 23)
    assert ours == head(mmengine.dataset.InfiniteSampler(Images(5), shuffle=shuffle, seed=5), 23)
    # place n of all ranks' images is in pass n // 5
    first, ranks = rank
    assert [index.epoch for index in ours] == [
        place // 5 for place in range(first, first + 23 * ranks, ranks)]


@pytest.mark.parametrize('skipped', [0, 1, 4, 5, 11])
def test_skipping_images(rank, skipped):
    sampler = InfiniteSampler(Images(5), seed=5)
    expected = as_list(head(sampler, 20))
    sampler.skipped = skipped
    assert as_list(head(sampler, 20 - skipped)) == expected[skipped:]
    # once only
    assert as_list(head(sampler, 20)) == expected


def test_skipping_a_part_of_an_epoch(rank):
    sampler = DefaultSampler(Images(9), seed=5)
    sampler.set_epoch(2)
    expected = as_list(sampler)
    sampler.skipped = 3
    assert as_list(sampler) == expected[3:]
    assert as_list(sampler) == expected


def loader(images, batch_size, *, infinite, aspect_ratio, drop_last, workers=0):
    dataset = Images(images)
    sampler = (InfiniteSampler if infinite else DefaultSampler)(dataset, seed=1)
    if aspect_ratio:
        batches = AspectRatioBatchSampler(sampler, batch_size, drop_last)
        return DataLoader(dataset, batch_sampler=batches, collate_fn=as_list, num_workers=workers)
    return DataLoader(dataset, sampler=sampler, batch_size=batch_size, drop_last=drop_last,
                      collate_fn=as_list, num_workers=workers)


@given(images=st.integers(1, 20), batch_size=st.integers(1, 5), skipped=st.integers(0, 12),
       infinite=st.booleans(), aspect_ratio=st.booleans(), drop_last=st.booleans())
def test_skipped_batches_are_the_first_ones(images, batch_size, skipped, **kind):
    """The oracle: go through all batches and drop the first."""
    expected = head(loader(images, batch_size, **kind), 16)
    entered = loader(images, batch_size, **kind)
    assert skip_batches(entered, skipped) == 0
    assert head(entered, 16 - skipped) == expected[skipped:]


@pytest.mark.parametrize('infinite', [True, False])
@pytest.mark.parametrize('aspect_ratio', [True, False])
def test_skipped_batches_with_workers(infinite, aspect_ratio):
    """torch starts the sampler twice before it takes the first batch."""
    kind = dict(infinite=infinite, aspect_ratio=aspect_ratio, drop_last=False)
    entered = loader(14, 3, workers=1, **kind)
    skip_batches(entered, 2)
    assert head(entered, 3) == head(loader(14, 3, **kind), 5)[2:]


def test_aspect_ratio_batches_are_those_of_mmdet():
    sampler = DefaultSampler(Images(17), seed=1)
    theirs = mmdet.datasets.samplers.AspectRatioBatchSampler(sampler, 3)
    assert list(AspectRatioBatchSampler(sampler, 3)) == list(theirs)


def test_an_abandoned_epoch_leaves_no_image_behind():
    batches = AspectRatioBatchSampler(DefaultSampler(Images(17), seed=1), 3)
    expected = list(batches)
    head(batches, 2)
    assert list(batches) == expected


class OddBatches(BatchSampler):
    """Not known to be able to skip."""


@pytest.mark.parametrize('make', [
    lambda data: DataLoader(data, batch_size=2, shuffle=True),
    lambda data: DataLoader(data, batch_sampler=OddBatches(DefaultSampler(data, seed=0), 2, False)),
    lambda data: DataLoader(data, batch_size=None)])
def test_a_loader_that_cannot_skip_says_so(make):
    assert skip_batches(make(Images(8)), 3) == 3
