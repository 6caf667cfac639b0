"""Predictions are collected, written and read again."""
from pathlib import Path

import numpy as np
import pytest
import torch

from fcos_mm.apis.reporting.predictions import collect, load, save
from fcos_mm.errors import UserError
from fcos_mm.report.results import Image


def sample(key, *scores, **more):
    count = len(scores)
    instances = dict(bboxes=torch.arange(4. * count).reshape(count, 4),
                     scores=torch.tensor(scores), labels=torch.arange(count))
    return dict(img_id=key, img_path=f'/{key}.png', ori_shape=(48, 64),
                pred_instances=dict(instances, **more))


@pytest.fixture
def predictions():
    rated = dict(class_scores=torch.tensor([.75]))
    return collect([sample(5, .25, **rated), sample('a', class_scores=torch.zeros(0)),
                    sample(2, .5, **rated)], {'a': 0, 2: 1, 5: 2}, seconds=.5)


def test_images_come_in_the_order_of_the_annotations(predictions):
    assert predictions.images == [Image('a', '/a.png', 64, 48), Image(2, '/2.png', 64, 48),
                                  Image(5, '/5.png', 64, 48)]
    found = predictions.found
    assert found.images.tolist() == [1, 2] and found.scores.tolist() == [.5, .25]
    assert found.class_scores.tolist() == [.75, .75]


def test_class_scores_are_known_of_all_or_none():
    found = collect([sample(1, .5, class_scores=torch.ones(1)), sample(2, .5)], {1: 0, 2: 1}).found
    assert found.class_scores is None


def test_a_model_that_detects_nothing():
    found = collect([sample(1)], {1: 0}).found
    assert found.boxes.shape == (0, 4) and found.images.tolist() == []


def test_image_of_another_file():
    with pytest.raises(UserError, match='/9.png: the predictions are of other images'):
        collect([sample(9, .5)], {1: 0})


def test_a_file_holds_the_same(predictions, tmp_path):
    path, origin = tmp_path / 'kept.npz', dict(checkpoint=['a.pth', 5], settings='x')
    save(predictions, origin, path)
    read = load(path, origin)
    assert read.images == predictions.images and read.seconds == .5
    for name, value in vars(predictions.found).items():
        assert np.array_equal(getattr(read.found, name), value)


@pytest.mark.parametrize('spoil', [
    lambda path: path.unlink(), lambda path: path.write_bytes(b''),
    lambda path: path.write_bytes(path.read_bytes()[:-50]),
    lambda path: np.savez(path, about=np.array('{}'))])
def test_a_file_that_is_not_whole_is_none(spoil, predictions, tmp_path):
    path: Path = tmp_path / 'kept.npz'
    save(predictions, {}, path)
    spoil(path)
    assert load(path, {}) is None


def test_a_file_of_another_origin_is_none(predictions, tmp_path):
    save(predictions, dict(checkpoint='a'), tmp_path / 'kept.npz')
    assert load(tmp_path / 'kept.npz', dict(checkpoint='b')) is None
