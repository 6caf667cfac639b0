"""The sigmoid focal loss operator."""
import math

import pytest
import torch
from mmcv.ops import sigmoid_focal_loss
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss
from torch.autograd import gradcheck


def test_by_hand():
    # p = 1/2 and gamma 2: alpha / 4 ln 2 for the class, (1 - alpha) / 4 ln 2 for the other
    loss = sigmoid_focal_loss(torch.zeros(1, 2), torch.tensor([1]), 2.0, 0.25, None, 'none')
    assert loss.tolist() == [pytest.approx([0.75 / 4 * math.log(2), 0.25 / 4 * math.log(2)])]


def test_class_weights_are_of_the_sample():
    logits, target = torch.zeros(3, 2), torch.tensor([0, 1, 2])  # the last is background
    weight = torch.tensor([2.0, 5.0])
    plain = sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'none')
    weighted = sigmoid_focal_loss(logits, target, 2.0, 0.25, weight, 'none')
    torch.testing.assert_close(weighted, plain * torch.tensor([[2.0], [5.0], [1.0]]))


@pytest.mark.parametrize('gamma', [0.0, 1.5, 2.0])
def test_equals_mmdet(random, gamma):
    logits = torch.randn(40, 5, dtype=torch.double, generator=random) * 5
    target = torch.randint(0, 6, (40, ), generator=random)
    expected = py_sigmoid_focal_loss(
        logits, torch.nn.functional.one_hot(target, 6)[:, :5], gamma=gamma, reduction='sum')
    result = sigmoid_focal_loss(logits, target, gamma, 0.25, None, 'sum')
    torch.testing.assert_close(result, expected)


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_gradient(random, reduction):
    logits = torch.randn(5, 3, dtype=torch.double, generator=random, requires_grad=True)
    target = torch.tensor([0, 2, 3, 1, 3])
    weight = torch.tensor([0.5, 1.0, 2.0], dtype=torch.double)
    assert gradcheck(
        lambda logits: sigmoid_focal_loss(logits, target, 2.0, 0.25, weight, reduction),
        (logits, ))


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    loss = sigmoid_focal_loss(logits, torch.tensor([0]), 2.0, 0.25, None, 'sum')
    loss.backward()
    assert loss.item() == pytest.approx(0.25 * 200 + 0.75 * 200)
    assert logits.grad[0].tolist() == pytest.approx([-0.25, 0.75])


def test_half_precision_and_no_samples():
    half = torch.zeros(1, 2, dtype=torch.float16)
    assert sigmoid_focal_loss(half, torch.tensor([1]), 2.0, 0.25, None, 'none').dtype == half.dtype
    none = sigmoid_focal_loss(torch.zeros(0, 2), torch.zeros(0).long(), 2.0, 0.25, None, 'sum')
    assert none.item() == 0
