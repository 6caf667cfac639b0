"""Boxes to try the assignment on; the weights of the golden files."""
import zlib

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from fcos_mm.models import LocationGenerator

RANGES = dict(weight=(.5, 1.5), scale=(.5, 1.5), bias=(-.5, .5), running_mean=(-.1, .1),
              running_var=(.5, 1.5))


@pytest.fixture
def random_boxes():
    """Return a function that draws ground truth of one image."""

    def draw(generator, number, width, height, *, grid=None, num_classes=80):
        center = torch.rand(number, 2, generator=generator) * 1.2 - 0.1
        center = center * torch.tensor([width, height])
        size = torch.rand(number, 2, generator=generator)**3 * max(width, height) * 1.3
        boxes = torch.cat([center - size / 2, center + size / 2], dim=1)
        if grid:  # sides on the locations and equal areas become likely
            boxes = (boxes / grid).round() * grid
        labels = torch.randint(0, num_classes, (number, ), generator=generator)
        return InstanceData(bboxes=boxes, labels=labels)

    return draw


@pytest.fixture
def random_batches(random_boxes):
    """Return a function that draws locations of P3 to P7 and images with so many boxes."""

    def draw(generator, *numbers, grid=None):
        height, width = torch.randint(60, 700, (2, ), generator=generator).tolist()
        make = LocationGenerator((8, 16, 32, 64, 128))
        return make(make.sizes(height, width), 'cpu'), [
            random_boxes(generator, number, width, height, grid=grid) for number in numbers]

    return draw


@pytest.fixture(scope='session')
def seeded_weights():
    """Weights of lines "name side side ...", drawn as ``golden/dla/README.md`` says."""

    def draw(names):
        weights = {}
        for name, *sides in map(str.split, names):
            random, shape = np.random.default_rng(zlib.crc32(name.encode())), [*map(int, sides)]
            if len(shape) == 4:
                values = random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
            else:
                values = random.uniform(*RANGES[name.rpartition('.')[2]], shape)
            weights[name] = torch.from_numpy(np.asarray(values, np.float32))
        return weights

    return draw
