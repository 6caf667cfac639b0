"""Center-ness as a quality branch (Sec. 3.3)."""
import math

import pytest
import torch

from fcos_mm.models import Centerness, Predictions, Targets


def predictions(logits=(0., math.log(3))):
    distances = torch.tensor([[[25., 20, 75, 60], [10, 4, 10, 16]]])
    return Predictions([torch.zeros(1, 3, 1, 2)], distances,
                       None if logits is None else torch.tensor([logits]))


def test_branch():
    assert Centerness().factor(predictions()).tolist() == [[0.5, pytest.approx(0.75)]]


def test_predicted_box():
    factor = Centerness(source='predicted_box').factor(predictions())
    assert factor.tolist() == [[pytest.approx(1 / 3), pytest.approx(0.5)]]


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


def test_target_is_equation_3_of_the_boxes_answered_for():
    distances = torch.tensor([[[25., 20, 75, 60], [0, 0, 0, 0]]])
    found = Centerness().target(predictions(), Targets(None, None, distances, None, None))
    assert found.tolist() == [[pytest.approx(1 / 3), 0]]
