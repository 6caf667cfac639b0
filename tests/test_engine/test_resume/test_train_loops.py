"""Where the training loops resume."""
import itertools
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from torch.utils.data import DataLoader

from fcos_mm.datasets import DefaultSampler, InfiniteSampler
from fcos_mm.engine.resume.train_loops import EpochBasedTrainLoop, endless_batches


class Numbers:
    """Notes which of its samples are loaded."""

    def __init__(self, count):
        self.count = count
        self.loaded = []

    def __len__(self):
        return self.count

    def __getitem__(self, idx):
        self.loaded.append(int(idx))
        return int(idx)


def loader(sampler_type, dataset):
    sampler = sampler_type(dataset, seed=0) if sampler_type else None
    return DataLoader(dataset, sampler=sampler, batch_size=2, collate_fn=list)


@pytest.mark.parametrize('sampler_type', [DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize('first', [0, 1, 3, 4, 10])
def test_endless_batches_from_anywhere(sampler_type, first):
    expected = list(itertools.islice(endless_batches(loader(sampler_type, Numbers(5)), 0), 15))
    dataset = Numbers(5)
    batches = endless_batches(loader(sampler_type, dataset), first)
    assert list(itertools.islice(batches, 15 - first)) == expected[first:]
    # what is left out is not loaded
    assert dataset.loaded == [idx for batch in expected[first:] for idx in batch]


def test_every_epoch_has_its_own_order():
    """Of the sampler itself, with the epochs set as for training by epochs."""
    sampler = DefaultSampler(Numbers(6), seed=0)
    expected = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        expected += list(sampler)
    batches = endless_batches(loader(DefaultSampler, Numbers(6)), 0)
    assert [idx for batch in itertools.islice(batches, 9) for idx in batch] == expected


def test_a_loader_that_cannot_skip_loads_and_drops():
    dataset = Numbers(6)
    batches = endless_batches(loader(None, dataset), 2)
    assert next(batches) == [4, 5]
    assert dataset.loaded == [0, 1, 2, 3, 4, 5]


def entered(batches, epoch, iteration, **info):
    """A loop that enters an epoch of so many batches, and what its hub holds then."""
    hub = MessageHub(f'{batches} {epoch} {iteration} {info}')
    for key, value in info.items():
        hub.update_info(key, value)
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    loop._runner = SimpleNamespace(message_hub=hub)
    loop.dataloader = range(batches)
    loop._epoch, loop._iter = epoch, iteration
    loop._enter_epoch()
    return loop.batches_done, loop.iter, hub.runtime_info['last_validation']


@pytest.mark.parametrize('batches, epoch, iteration, done, validated, expected', [
    (8, 2, 19, 3, 16, (3, 19, 16)),  # as many batches: nothing changes
    (4, 2, 19, 3, 16, (1, 9, 0)),  # 3 of 8 is 1.5 of 4
    (16, 2, 19, 3, 16, (6, 38, 0)),
    (4, 2, 16, 0, 16, (0, 8, 8)),  # at the end of a validated epoch: it stays validated
    (4, 2, 16, 0, 8, (0, 8, 0))])  # not validated
def test_entering_an_epoch(batches, epoch, iteration, done, validated, expected):
    assert entered(batches, epoch, iteration, batches_done=done, batches_per_epoch=8,
                   last_validation=validated) == expected
