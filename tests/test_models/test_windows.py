"""Painting (CPU) and scattering (accelerator) agree; test_assigner.py compares with the rule."""
import pytest
import torch

from fcos_mm.models import LocationGenerator
from fcos_mm.models.assigner import dense_claims
from fcos_mm.models.structures import Conditions
from fcos_mm.models.windows import claim_counts, painted, scattered, window_sizes, windows

RANGES = ((0, 64), (64, 128), (128, 256), (256, 512), (512, float('inf')))


@pytest.mark.parametrize('radius', [None, 1.5])
@pytest.mark.parametrize('bounds', ['inclusive', 'strict'])
@pytest.mark.parametrize('grid', [None, 4])
def test_scattering_equals_painting(random_batches, grid, bounds, radius):
    """The accelerator's way, tried on the CPU."""
    generator = torch.Generator().manual_seed(3)
    conditions = Conditions(RANGES, bounds, radius)
    for _ in range(10):
        locations, images = random_batches(generator, 30, 30, 30, grid=grid)
        claimed = windows(locations, torch.cat([image.bboxes for image in images]), conditions)
        by_painting = painted(claimed, locations, images=3)
        sizes = window_sizes(locations, conditions)
        assert torch.equal(scattered(claimed, locations, images=3, sizes=sizes), by_painting)
        assert (by_painting < 30).any()


def test_scattering_does_not_wait_for_the_device(no_waiting):
    locations = LocationGenerator((8, 16))([(8, 12), (4, 6)], 'cpu')
    boxes = torch.tensor([(10., 10, 40, 50), (30, 5, 90, 60)])
    conditions = Conditions(((0, 32), (32, float('inf'))))
    with no_waiting():
        scattered(windows(locations, boxes, conditions), locations, images=1,
                  sizes=window_sizes(locations, conditions))


@pytest.mark.parametrize('radius, expected', [
    # m = 64, stride 8: 2 * 64 / 8 + 1 = 17 columns, the map has only 10 rows.
    # Without a bound the whole map of stride 16 counts: 5 * 20.
    (None, [(10, 17), (5, 20)]),
    # 2 * 1.5 + 1 = 4 cells a side.
    (1.5, [(4, 4), (4, 4)])])
def test_largest_window_by_hand(radius, expected):
    locations = LocationGenerator((8, 16))([(10, 40), (5, 20)], 'cpu')
    conditions = Conditions(((0, 64), (64, float('inf'))), center_radius=radius)
    assert window_sizes(locations, conditions) == expected


@pytest.mark.parametrize('radius', [None, 1.5])
def test_counts_of_claims_are_those_of_the_dense_rule(random_batches, radius):
    generator = torch.Generator().manual_seed(4)
    conditions = Conditions(RANGES, center_radius=radius)
    locations, (image, ) = random_batches(generator, 40, grid=4)
    dense = dense_claims(locations, image.bboxes[None], conditions)[0]  # (P, G)
    expected = torch.stack([level.sum(0) for level in dense.split(locations.counts)])
    assert torch.equal(claim_counts(locations, image.bboxes, conditions), expected)
    assert (expected > 0).any(1).sum() > 2  # levels
