"""The slow, obvious assignment, and boxes to try it on."""
import pytest
import torch
from mmengine.structures import InstanceData

INF = float('inf')
RANGES = ((0, 64), (64, 128), (128, 256), (256, 512), (512, INF))
STRIDES = (8, 16, 32, 64, 128)


def _inside(points, boxes, strides, radius):
    """(P, G): strictly inside the box, or inside its center part."""
    near, far = boxes[None, :, :2], boxes[None, :, 2:]
    if radius is not None:
        center = (boxes[:, :2] + boxes[:, 2:]) / 2
        reach = (strides * radius)[:, None, None]
        near, far = torch.maximum(near, center - reach), torch.minimum(far, center + reach)
    return ((points[:, None] - near > 0) & (far - points[:, None] > 0)).all(-1)


def dense_assign_image(locations, boxes, labels, areas, *, ranges, bounds, radius, background):
    """Ask every location about every box."""
    bound = torch.cat([
        torch.tensor(r, dtype=torch.float32).expand(n, 2) for r, n in zip(ranges, locations.counts)
    ])
    points = locations.points
    distances = torch.cat(
        [points[:, None] - boxes[None, :, :2], boxes[None, :, 2:] - points[:, None]], dim=-1)
    largest = distances.max(-1).values
    if bounds == 'inclusive':
        in_range = (largest >= bound[:, :1]) & (largest <= bound[:, 1:])
    else:
        in_range = (largest > bound[:, :1]) & (largest < bound[:, 1:])
    claims = _inside(points, boxes, locations.strides, radius) & in_range
    areas = torch.where(claims, areas[None], INF)
    smallest = areas.min(1).values
    positive = claims.any(1)
    # The first of the boxes with the smallest area.
    index = (areas == smallest[:, None]).float().argmax(1)
    chosen = distances[torch.arange(len(points)), index]
    return (torch.where(positive, labels[index], background),
            torch.where(positive[:, None], chosen, 0.), torch.where(positive, index, -1))


@pytest.fixture(scope='session')
def dense_assign():
    """Return the oracle of a batch: labels, distances, index of the box."""

    def assign(locations, truth, *, ranges=RANGES, bounds='inclusive', radius=None, background=80):
        images = [
            dense_assign_image(locations, b, c, a, ranges=ranges, bounds=bounds, radius=radius,
                               background=background)
            for b, c, a in zip(truth.boxes, truth.labels, truth.areas)
        ]
        return [torch.stack(t) for t in zip(*images)]

    return assign


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
def feature_sizes():
    """Return a function from an image's size to the sizes of P3 to P7."""

    def sizes(height, width, strides=STRIDES):
        return [(-(-height // s), -(-width // s)) for s in strides]

    return sizes
