"""The randomness of a sample is its own."""
import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset
from torch.utils.data import DataLoader

from fcos_mm.datasets import (
    ClassBalancedDataset,
    ConcatDataset,
    MultiImageMixDataset,
    RepeatDataset,
)
from fcos_mm.datasets.seeded import SeededIndex, SeededSamples


class Draws(BaseDataset):
    """Six samples; each is its place and what the three generators give."""

    def load_data_list(self):
        return [dict(place=place) for place in range(6)]

    def get_cat_ids(self, idx):
        return [idx]

    def prepare_data(self, idx):
        draws = random.random(), float(np.random.rand()), float(torch.rand(()))
        return (self.get_data_info(idx)['place'], *draws)


class SeededDraws(SeededSamples, Draws):
    pass


class Order(list):
    """Works as a sampler."""


def indices(epoch=0, seed=3):
    return Order(SeededIndex(index, seed, epoch) for index in (4, 1, 3, 0, 5, 2))


def load(workers, order):
    loader = DataLoader(SeededDraws(), sampler=order, batch_size=None, num_workers=workers)
    return list(loader)


def test_an_index_stays_what_it_is_in_another_process():
    index = pickle.loads(pickle.dumps(SeededIndex(5, seed=7, epoch=2)))
    assert (index, index.seed, index.epoch) == (5, 7, 2)
    assert np.arange(10)[index] == 5


def test_samples_do_not_depend_on_the_workers():
    alone = load(0, indices())
    assert [sample[0] for sample in alone] == [4, 1, 3, 0, 5, 2]
    assert load(1, indices()) == load(2, indices()) == load(3, indices()) == alone
    # entered in the middle
    assert load(2, indices()[3:]) == alone[3:]


def test_samples_differ_by_index_epoch_and_seed():
    samples = load(0, indices()) + load(0, indices(epoch=1)) + load(0, indices(seed=4))
    for column in (1, 2, 3):
        assert len({sample[column] for sample in samples}) == 18


def test_what_follows_goes_on_as_if_no_sample_had_been_loaded():
    def following():
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    def seed():
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    seed()
    expected = following()
    seed()
    SeededDraws()[SeededIndex(2, 0, 0)]
    assert following() == expected


def test_a_sample_that_fails_leaves_the_generators_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    with pytest.raises(ZeroDivisionError):
        with SeededIndex(1, 0, 0).randomness():
            torch.rand(3)
            raise ZeroDivisionError
    assert torch.equal(torch.rand(1), expected)


def test_a_plain_index_draws_on():
    random.seed(1)
    first, second = SeededDraws()[2], SeededDraws()[2]
    assert first != second


class Mix:
    """As mosaics do: which other images are mixed in is drawn."""

    def get_indexes(self, dataset):
        return [random.randrange(len(dataset))]

    def __call__(self, results):
        return (results['sample'], *(other['sample'] for other in results['mix_results']))


class Samples(Draws):
    METAINFO = dict(classes=('cup', ))

    def prepare_data(self, idx):
        return dict(sample=super().prepare_data(idx))


def mixed():
    dataset = MultiImageMixDataset(Samples(), [])
    dataset.pipeline, dataset.pipeline_types = [Mix()], ['Mix']
    return dataset


@pytest.mark.parametrize('wrap', [
    lambda: ConcatDataset([Draws(), Draws()]), lambda: RepeatDataset(Draws(), 2),
    lambda: ClassBalancedDataset(Draws(), 1e-3), mixed],
    ids=['concat', 'repeat', 'balanced', 'mix'])
def test_wrappers_seed_what_they_wrap(wrap):
    dataset = wrap()
    index, later = SeededIndex(3, 0, 0), SeededIndex(3, 0, 1)
    assert dataset[index] == dataset[index]
    assert dataset[index] != dataset[later]
