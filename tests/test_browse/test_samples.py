"""Which pictures are shown, and by which pipeline."""
import copy
import json

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fcos_mm.browse.samples import choose, load, training_set
from fcos_mm.errors import UserError
from fcos_mm.registry import DATASETS

NAMES = [f'train_{number}.png' for number in (1, 2, 3, 4)]


@pytest.fixture(scope='module')
def as_written(tiny_config):
    return Config.fromfile(tiny_config)


@pytest.fixture
def cfg(as_written):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        yield copy.deepcopy(as_written)


def names(dataset, chosen, seed=0):
    return [sample.name for sample in load(dataset, chosen, seed)]


def boxes_of(dataset, seed):
    return [sample.packed['data_samples'].gt_instances.bboxes.tensor.tolist()
            for sample in load(dataset, range(4), seed)]


def test_a_random_choice_that_the_seed_decides(cfg):
    dataset = training_set(cfg)
    assert choose(dataset, 2, seed=1) == choose(dataset, 2, seed=1)
    assert len({tuple(choose(dataset, 2, seed=seed)) for seed in range(9)}) > 1
    assert choose(dataset, 99) == [0, 1, 2, 3]


@pytest.mark.parametrize('patterns, expected', [
    (['train_3.png'], ['train_3.png']), (['*_[12].png'], NAMES[:2]), (['4'], ['train_4.png']),
    (['4', 'train_2*'], ['train_2.png', 'train_4.png']), (['*'], NAMES)])
def test_named_pictures(cfg, patterns, expected):
    dataset = training_set(cfg)
    assert names(dataset, choose(dataset, 9, patterns)) == expected


def test_a_name_that_no_picture_has(cfg):
    with pytest.raises(UserError, match=r'named gone\.jpg.\nIts files are train_1\.png, '):
        choose(training_set(cfg), 9, ['gone.jpg'])


def test_the_seed_decides_the_augmentation_as_in_training(cfg):
    dataset = training_set(cfg)  # flips a half
    seen = [boxes_of(dataset, seed) for seed in range(4)]
    assert seen == [boxes_of(dataset, seed) for seed in range(4)]
    assert any(other != seen[0] for other in seen[1:])


def test_without_augmentation_boxes_are_resized_as_in_the_test(cfg, tiny_data):
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.pipeline[1].scale = (32, 24)
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset', times=3, dataset=cfg.train_dataloader.dataset)
    dataset = training_set(cfg, augmented=False)
    assert len(dataset) == 4
    sample, = load(dataset, [0])
    found = json.loads((tiny_data / 'train.json').read_text())['annotations']
    expected = [[x / 2, y / 2, (x + width) / 2, (y + height) / 2]
                for x, y, width, height in (box['bbox'] for box in found if box['image_id'] == 1)]
    assert np.allclose(sample.packed['data_samples'].gt_instances.bboxes.tensor, expected)
    assert sample.packed['inputs'].shape == (3, 24, 32)


def test_pictures_of_a_dataset_that_mixes_several(cfg):
    inner = cfg.train_dataloader.dataset
    steps, inner.pipeline = inner.pipeline[2:], inner.pipeline[:2]
    mosaic = DATASETS.build(dict(type='MultiImageMixDataset', dataset=inner, pipeline=[
        dict(type='Mosaic', img_scale=(64, 48)), *steps]))
    sample, = load(mosaic, choose(mosaic, 9, ['train_2.png']))
    assert sample.name == 'train_2.png' and sample.packed['inputs'].shape == (3, 96, 128)


def test_a_config_without_training_set(cfg):
    cfg.pop('train_dataloader')
    with pytest.raises(UserError, match='no train_dataloader.dataset'):
        training_set(cfg)
