"""Sec. 3.3, Eq. (3)."""
import math

import pytest
import torch

from fcos_mm.models import Centerness, Predictions, Targets, centerness_target
from fcos_mm.models.centerness import ORACLES


@pytest.mark.parametrize('distances, expected', [
    ((25, 20, 75, 60), 1 / 3),  # sqrt(25/75 * 20/60)
    ((10, 10, 10, 10), 1.),  # the center
    ((1, 10, 9, 10), 1 / 3),  # sqrt(1/9 * 1)
    ((10, 4, 10, 16), 0.5),  # sqrt(1 * 4/16)
    ((30, 8, 10, 2), math.sqrt(1 / 12)),  # sqrt(10/30 * 2/8)
    ((0, 5, 10, 5), 0.),  # on the left side
    ((-3, 5, 10, 5), 0.),  # outside
    ((0, 0, 0, 0), 0.),  # no box at all
])
def test_equation_3(distances, expected):
    value = centerness_target(torch.tensor(distances, dtype=torch.float32))
    assert value.item() == pytest.approx(expected, rel=1e-6)


def predictions(logits=(0., math.log(3))):
    distances = torch.tensor([[[25., 20, 75, 60], [10, 4, 10, 16]]])
    return Predictions([torch.zeros(1, 3, 1, 2)], distances,
                       None if logits is None else torch.tensor([logits]))


def truth():
    distances = torch.tensor([[[1., 10, 9, 10], [0, 0, 0, 0]]])
    return Targets(torch.tensor([[0, 3]]), distances, torch.tensor([[0, -1]]), torch.ones(1, 2))


def test_branch():
    assert Centerness().factor(predictions()).tolist() == [[0.5, pytest.approx(0.75)]]


def test_predicted_box():
    factor = Centerness(source='predicted_box').factor(predictions())
    assert factor.tolist() == [[pytest.approx(1 / 3), pytest.approx(0.5)]]


@pytest.mark.parametrize('branch', [True, False])
def test_oracle_knows_that_background_has_no_center(branch):
    outputs = predictions() if branch else predictions(None)
    factor = Centerness(source='oracle', branch=branch).factor(outputs, truth())
    assert factor.tolist() == [[pytest.approx(1 / 3), 0]]


def test_oracle_of_positives_replaces_only_what_has_a_box():
    factor = Centerness(source='oracle_of_positives').factor(predictions(), truth())
    assert factor.tolist() == [[pytest.approx(1 / 3), pytest.approx(0.75)]]
    factor = Centerness(source='oracle_of_positives', branch=False).factor(
        predictions(None), truth())
    assert factor.tolist() == [[pytest.approx(1 / 3), 1.]]


def test_none():
    assert Centerness(source='none', branch=False).factor(predictions(None)) is None


@pytest.mark.parametrize('options, message', [
    (dict(source='guess'), "got 'guess'"),
    (dict(position='neck'), "got 'neck'"),
    (dict(branch=False), "needs centerness.branch=True"),
])
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        Centerness(**options)


@pytest.mark.parametrize('source', ORACLES)
def test_an_oracle_needs_ground_truth(source):
    with pytest.raises(ValueError, match=f"'{source}' needs ground truth.*gt_instances"):
        Centerness(source=source).factor(predictions())
