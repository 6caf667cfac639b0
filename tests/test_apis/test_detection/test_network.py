"""Batches, tiles, and the pipeline of the config."""
import sys

import numpy as np
import pytest
import torch

from fcos_mm.apis.detection import network as module
from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.inferencer import build_inferencer
from fcos_mm.apis.trained_model import find_model
from fcos_mm.detection import selection

#: height, width: resized into 48 x 64 they are 48 x 64, 48 x 36, 47 x 64, 48 x 64, 48 x 36,
#: of which the first, third and fourth are padded to 48 x 64 and the others to 48 x 40.
SIZES = [(48, 64), (64, 48), (47, 64), (96, 128), (128, 96)]


@pytest.fixture(scope='module')
def network(trained):
    return Network(find_model(str(trained.work_dir)), device='cpu', score_thr=0)


@pytest.fixture(scope='module')
def images():
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (*size, 3)).astype(np.uint8) for size in SIZES]


def same(one, other):
    np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    assert one.labels.tolist() == other.labels.tolist() and len(one) == 5


def test_batches_of_images_that_are_padded_alike(network, images):
    inputs = [network.prepare(image).inputs[0] for image in images]
    assert list(network._batches(inputs, 2)) == [[0, 2], [3], [1, 4]]


def test_a_batch_finds_what_its_images_alone_find(network, images):
    prepared = [network.prepare(image) for image in images]
    for one, other in zip(network.detect(prepared, 8), network.detect(prepared, 1), strict=True):
        same(one, other)
        assert one.image.shape == other.image.shape


def test_it_finds_what_mmdet_finds(trained, network, tiny_data):
    path = str(tiny_data / 'images' / 'val_1.png')
    inferencer = build_inferencer(find_model(str(trained.work_dir)).cfg,
                                  find_model(str(trained.work_dir)).checkpoint, 'cpu')
    expected = inferencer(path, return_datasamples=True)['predictions'][0].pred_instances
    found, = network.detect([network.prepare(path)])
    assert torch.equal(torch.from_numpy(found.boxes), expected.bboxes)
    assert torch.equal(torch.from_numpy(found.scores), expected.scores)


def test_an_image_that_fails_in_a_batch_fails_alone(network, images, monkeypatch):
    forward = network.inferencer.forward
    dark = np.zeros((48, 64, 3), np.uint8)

    def failing(batch):
        if any(not one.any() for one in batch['inputs']):
            raise RuntimeError('too dark')
        return forward(batch)

    monkeypatch.setattr(network.inferencer, 'forward', failing)
    prepared = [network.prepare(image) for image in (images[0], dark, images[3])]
    first, second, third = network.detect(prepared, 3)
    assert len(first) == len(third) == 5 and str(second) == 'too dark'


def test_a_batch_that_failed_is_free_before_its_images_are_tried(network, images, monkeypatch):
    """Its error holds its tensors: on a GPU the memory that it lacked."""
    forward = network.inferencer.forward

    def failing(batch):
        if len(batch['inputs']) > 1:
            raise RuntimeError('out of memory')
        assert sys.exc_info() == (None, None, None)
        return forward(batch)

    monkeypatch.setattr(network.inferencer, 'forward', failing)
    prepared = [network.prepare(images[index]) for index in (0, 3)]
    assert [len(found) for found in network.detect(prepared, 2)] == [5, 5]


def test_boxes_of_tiles_lie_where_the_tiles_do(network, images, monkeypatch):
    """The tiles are the left and the right half; each finds what it finds as an image."""
    halves = [(0, 0, 64, 96), (64, 0, 128, 96)]
    monkeypatch.setattr(network, 'tile_size', 64)
    monkeypatch.setattr(module, 'tiles_of', lambda height, width, size: halves)
    monkeypatch.setattr(selection, 'merge', lambda *found: found)
    both, = network.detect([network.prepare(images[3])])
    monkeypatch.setattr(network, 'tile_size', None)
    left, right = network.detect([network.prepare(np.ascontiguousarray(part)) for part in
                                  (images[3][:, :64], images[3][:, 64:])])
    assert both.scores.tolist() == [*left.scores, *right.scores]
    np.testing.assert_allclose(both.boxes, np.concatenate([left.boxes, right.boxes + [64, 0] * 2]),
                               rtol=1e-6)
