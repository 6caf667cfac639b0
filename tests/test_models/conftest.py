"""Boxes to try the assignment on."""
import pytest
import torch
from mmengine.structures import InstanceData

from fcos_mm.models import LocationGenerator


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
