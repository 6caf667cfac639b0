"""Eq. (2): focal loss, IoU loss, and their sum over all locations."""
import math

import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss, FocalLoss, IoULoss
from mmengine.model import BaseModel

from fcos_mm.models import (
    Centerness,
    FCOSLoss,
    LTRBIoULoss,
    Predictions,
    SigmoidFocalLoss,
    Targets,
    centerness_target,
    losses,
)
from fcos_mm.models.losses import FORMS, FocalSum, boxes_around
from fcos_mm.registry import MODELS

#: mmdet's losses of boxes; SIoULoss is not in every version.
MMDET = [f'mmdet.{name}' for name in (
    'IoULoss', 'BoundedIoULoss', 'GIoULoss', 'DIoULoss', 'CIoULoss', 'EIoULoss', 'SIoULoss',
    'L1Loss')
    if MODELS.get(f'mmdet.{name}')]


class TestFocalLoss:

    def test_by_hand(self):
        # p = 1/2 for both classes, label 0: alpha (1-p)^2 ln 2 + (1-alpha) p^2 ln 2.
        loss = SigmoidFocalLoss()(torch.zeros(1, 2), torch.tensor([0]))
        assert loss.item() == pytest.approx((0.25 + 0.75) * 0.25 * math.log(2))
        # Background: both are negatives.
        loss = SigmoidFocalLoss()(torch.zeros(1, 2), torch.tensor([2]))
        assert loss.item() == pytest.approx(2 * 0.75 * 0.25 * math.log(2))
        # p = 3/4 for the label's class: 0.25 * (1/4)^2 * -ln(3/4).
        loss = SigmoidFocalLoss()(torch.tensor([[math.log(3)]]), torch.tensor([0]))
        assert loss.item() == pytest.approx(0.25 / 16 * math.log(4 / 3), rel=1e-5)

    def test_gamma_and_alpha(self):
        loss = SigmoidFocalLoss(gamma=0., alpha=0.5)(torch.zeros(1, 3), torch.tensor([1]))
        assert loss.item() == pytest.approx(3 * 0.5 * math.log(2))

    def test_equals_mmdet_with_gradients(self):
        torch.manual_seed(0)
        logits = (torch.randn(500, 7) * 6).requires_grad_()
        labels, weight = torch.randint(0, 8, (500, )), torch.rand(500)
        ours = SigmoidFocalLoss(loss_weight=1.5)(logits, labels, weight, torch.tensor(11.))
        grad, = torch.autograd.grad(ours, logits)
        theirs = FocalLoss(loss_weight=1.5)(logits, labels, weight, torch.tensor(11.))
        their_grad, = torch.autograd.grad(theirs, logits)
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
        torch.testing.assert_close(grad, their_grad, rtol=1e-4, atol=1e-7)

    @pytest.mark.parametrize('gamma', [0., 1.5, 2.])
    def test_gradient(self, gamma):
        torch.manual_seed(1)
        logits = (torch.randn(9, 3, dtype=torch.float64) * 3).requires_grad_()
        labels, weight = torch.tensor([0, 1, 2, 3, 3, 3, 0, 1, 2]), torch.rand(9).double()

        def focal(logits):
            return FocalSum.apply(logits, labels, weight, gamma, 0.25)

        assert torch.autograd.gradcheck(focal, logits, eps=1e-5, atol=1e-6)

    def test_order_in_memory_and_parts_change_nothing(self, monkeypatch):
        torch.manual_seed(2)
        logits, labels = torch.randn(50, 7) * 4, torch.randint(0, 8, (50, ))
        weight = torch.rand(50)

        def value_and_gradient(logits):
            logits = logits.requires_grad_()
            loss = SigmoidFocalLoss()(logits, labels, weight, torch.tensor(3.))
            return loss, *torch.autograd.grad(loss, logits)

        expected = value_and_gradient(logits.clone())
        by_class = value_and_gradient(logits.t().contiguous().t())
        monkeypatch.setattr(losses, 'CHUNK', 60)  # 8 rows of 7
        in_parts = value_and_gradient(logits.clone())
        for got in (by_class, in_parts):
            torch.testing.assert_close(got[0], expected[0], rtol=1e-6, atol=0)
            torch.testing.assert_close(got[1], expected[1], rtol=1e-6, atol=1e-9)

    def test_half_precision_is_computed_in_single(self):
        torch.manual_seed(3)
        logits, labels = (torch.randn(40, 5) * 4).bfloat16(), torch.randint(0, 6, (40, ))
        half = logits.requires_grad_()
        single = logits.detach().float().requires_grad_()
        losses = [SigmoidFocalLoss()(x, labels, None, torch.tensor(2.)) for x in (half, single)]
        assert losses[0].dtype == torch.float32 and torch.equal(*losses)
        sum(losses).backward()
        assert half.grad.dtype == torch.bfloat16
        assert torch.equal(half.grad, single.grad.bfloat16())

    @pytest.mark.parametrize('logit', [-200., 200.])
    def test_finite_at_extreme_logits(self, logit):
        logits = torch.full((2, 3), logit, requires_grad=True)
        loss = SigmoidFocalLoss()(logits, torch.tensor([0, 3]))
        loss.backward()
        assert loss.isfinite() and logits.grad.isfinite().all()


def iou_loss(predicted, target, **options):
    boxes = boxes_around(torch.tensor([predicted, target]))
    return LTRBIoULoss(**options)(boxes[:1], boxes[1:], reduction_override='none').item()


class TestIoULoss:
    # Predicted 10 x 10, target 20 x 5 from the same point: intersection 5 * 10 = 50 in
    # area (l 5 + r 5 by t 2.5 + b 2.5), union 100 + 100 - 50 = 150.
    PREDICTED, TARGET = (5., 5., 5., 5.), (10., 2.5, 10., 2.5)

    def test_log(self):
        assert iou_loss(self.PREDICTED, self.TARGET) == pytest.approx(math.log(3))

    def test_smoothed_log(self):
        assert iou_loss(self.PREDICTED, self.TARGET, form='smoothed_log') == pytest.approx(
            -math.log(51 / 151))

    def test_forms_of_the_released_code(self):
        # Smoothed IoU 51/151; the enclosing area's 1e-7 is below float32's precision here.
        smoothed = iou_loss(self.PREDICTED, self.TARGET, form='smoothed_giou')
        assert smoothed == pytest.approx(1 - 51 / 151 + 50 / 200)
        linear = iou_loss(self.PREDICTED, self.TARGET, form='linear')
        assert linear == pytest.approx(1 - 51 / 151)

    def test_smoothing_is_felt_in_strides(self):
        # A tenth of the size: I = 0.5, U = 1.5, E = 2, so S = 1.5 / 2.5 instead of 51/151.
        small = [[side / 10 for side in box] for box in (self.PREDICTED, self.TARGET)]
        assert iou_loss(*small, form='smoothed_giou') == pytest.approx(1 - 1.5 / 2.5 + 0.5 / 2)
        assert iou_loss(*small, form='linear') == pytest.approx(1 - 1.5 / 2.5)

    @pytest.mark.parametrize('form, expected', [
        # no area at all: I = U = E = 0, so S = 1; (1e-7 - 0) / 1e-7 = 1
        ('smoothed_giou', 1.), ('linear', 0.), ('smoothed_log', 0.)])
    def test_boxes_without_area(self, form, expected):
        zeros = torch.zeros(1, 4, requires_grad=True)
        loss = LTRBIoULoss(form=form)(
            boxes_around(zeros), torch.zeros(1, 4), reduction_override='none')
        loss.backward()
        assert loss.item() == pytest.approx(expected)
        assert zeros.grad.isfinite().all()

    def test_loss_weight(self):
        assert iou_loss(self.PREDICTED, self.TARGET, loss_weight=2.) == pytest.approx(
            2 * math.log(3))

    def test_no_overlap_at_all_is_finite(self):
        predicted = torch.zeros(1, 4, requires_grad=True)
        loss = LTRBIoULoss()(boxes_around(predicted), torch.tensor([[-9., -9, 9, 9]]),
                             reduction_override='none')
        loss.backward()
        assert loss.item() == pytest.approx(-math.log(1e-6), rel=1e-5)
        assert predicted.grad.isfinite().all()

    def test_log_is_mmdets(self):
        torch.manual_seed(0)
        boxes = boxes_around(torch.rand(2, 300, 4) * 100)
        ours, theirs = (loss(*boxes, reduction_override='none')
                        for loss in (LTRBIoULoss(), IoULoss()))
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize('form, message', [
        ('ciou', "got 'ciou'"), ('giou', r"set loss_bbox=dict\(type='mmdet.GIoULoss'\)")])
    def test_unknown_form(self, form, message):
        with pytest.raises(ValueError, match=message):
            LTRBIoULoss(form=form)


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


INF, NAN = float('inf'), float('nan')


def total_loss(predictions, targets, strides=None, **options):
    return FCOSLoss(**options)(predictions, targets, Centerness(), strides)


class TestFCOSLoss:
    """One image, three locations: center-ness 1/3 and 1 at two positives, one negative."""

    def inputs(self):
        targets = Targets(
            positive=torch.tensor([[True, True, False]]),
            labels=torch.tensor([[0, 1, 2]]),
            distances=torch.tensor([[[25., 20, 75, 60], [5, 5, 5, 5], [0, 0, 0, 0]]]),
            gt_index=torch.tensor([[0, 1, -1]]),
            class_weight=torch.ones(1, 3))
        predictions = Predictions(
            class_maps=[torch.zeros(1, 2, 1, 3)],
            distances=torch.tensor([[[25., 20, 75, 60], [5, 5, 5, 5], [9, 9, 9, 9]]]) * 2,
            quality_logits=torch.zeros(1, 3))
        return predictions, targets

    def test_terms_by_hand(self):
        losses = total_loss(*self.inputs())
        # Boxes of twice the size: IoU 1/4 each, so ln 4 each, two of them over N_pos = 2.
        assert losses['loss_bbox'].item() == pytest.approx(math.log(4))
        # Six classifiers at p = 1/2: two positives, four negatives.
        expected = (2 * 0.25 + 4 * 0.75) * 0.25 * math.log(2) / 2
        assert losses['loss_cls'].item() == pytest.approx(expected)
        # Cross entropy at p = 1/2 is ln 2 whatever the target.
        assert losses['loss_centerness'].item() == pytest.approx(math.log(2))

    def test_weighted_by_centerness(self):
        predictions, targets = self.inputs()
        distances = predictions.distances.clone()
        distances[0, 0] /= 2  # IoU 1 where the center-ness is 1/3, 1/4 where it is 1
        losses = total_loss(
            predictions._replace(distances=distances), targets, bbox_weight='centerness')
        assert losses['loss_bbox'].item() == pytest.approx(math.log(4) / (1 + 1 / 3))

    def test_distances_in_strides(self):
        predictions, targets = self.inputs()
        strides = torch.tensor([8., 16., 8.])
        in_strides = predictions._replace(distances=predictions.distances / strides[:, None])
        losses = total_loss(in_strides, targets, strides)
        assert losses['loss_bbox'].item() == pytest.approx(math.log(4))

    def test_class_weight_takes_a_location_out(self):
        predictions, targets = self.inputs()
        targets = targets._replace(class_weight=torch.tensor([[1., 1., 0.]]))
        losses = total_loss(predictions, targets)
        expected = (2 * 0.25 + 2 * 0.75) * 0.25 * math.log(2) / 2
        assert losses['loss_cls'].item() == pytest.approx(expected)

    def test_no_positive_at_all(self):
        predictions, targets = self.inputs()
        targets = targets._replace(
            positive=torch.zeros(1, 3, dtype=torch.bool),
            labels=torch.full((1, 3), 2), distances=torch.zeros(1, 3, 4),
            gt_index=torch.full((1, 3), -1))
        maps, distances, centerness = predictions
        predictions = Predictions([maps[0].requires_grad_()], distances.requires_grad_(),
                                  centerness.requires_grad_())
        losses = total_loss(predictions, targets, bbox_weight='centerness')
        # Divided by 1, not by 0.
        assert losses['loss_cls'].item() == pytest.approx(6 * 0.75 * 0.25 * math.log(2))
        assert losses['loss_bbox'].item() == losses['loss_centerness'].item() == 0
        sum(losses.values()).backward()
        assert all(t.grad.isfinite().all() for t in (*maps, distances, centerness))
        assert predictions.distances.grad.abs().sum() == 0

    def test_without_the_branch(self):
        predictions, targets = self.inputs()
        losses = total_loss(predictions._replace(quality_logits=None), targets)
        assert set(losses) == {'loss_cls', 'loss_bbox'}

    def test_centerness_target_is_equation_3(self):
        predictions, targets = self.inputs()
        logits = torch.tensor([[math.log(0.5), 5., -3.]])  # sigmoid 1/3 at the first
        losses = total_loss(predictions._replace(quality_logits=logits), targets)
        entropy = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
        expected = (entropy + math.log1p(math.exp(-5))) / 2
        assert losses['loss_centerness'].item() == pytest.approx(expected)
        # The first is at its floor, the entropy of 1/3; the floor of the second, 1, is 0.
        above = losses['centerness_above_floor']
        assert above.item() == pytest.approx(math.log1p(math.exp(-5)) / 2, abs=1e-7)
        assert not above.requires_grad

    def test_floor_has_the_weight_of_the_loss(self):
        predictions, targets = self.inputs()
        logits = torch.tensor([[math.log(0.5), 5., -3.]])
        losses = total_loss(
            predictions._replace(quality_logits=logits), targets, loss_centerness=dict(
                type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=3.))
        expected = 3 * math.log1p(math.exp(-5)) / 2
        assert losses['centerness_above_floor'].item() == pytest.approx(expected, abs=1e-6)

    def test_floor_is_no_part_of_the_sum(self):
        losses = total_loss(*self.inputs())
        total, logged = BaseModel.parse_losses(None, losses)
        parts = [losses[f'loss_{name}'] for name in ('cls', 'bbox', 'centerness')]
        assert total.item() == pytest.approx(sum(parts).item())
        # Cross entropy ln 2 at p = 1/2, over targets 1/3 and 1.
        entropy = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
        assert logged['centerness_above_floor'].item() == pytest.approx(math.log(2) - entropy / 2)

    def test_compiles_without_a_break(self):
        (maps, distances, centerness), targets = self.inputs()
        maps, criterion = [maps[0].requires_grad_()], FCOSLoss(bbox_weight='centerness')

        def total(maps, distances, centerness):
            return sum(criterion(
                Predictions(maps, distances, centerness), targets, Centerness()).values())

        compiled = torch.compile(total, fullgraph=True, backend='aot_eager')
        results = [function(maps, distances, centerness) for function in (total, compiled)]
        gradients = [torch.autograd.grad(result, maps[0])[0] for result in results]
        torch.testing.assert_close(*results)
        torch.testing.assert_close(*gradients)

    def test_default_centerness_loss_is_binary_cross_entropy(self):
        assert isinstance(FCOSLoss().loss_centerness, CrossEntropyLoss)

    @pytest.mark.parametrize('loss_bbox', [
        *(dict(type='fcos_mm.LTRBIoULoss', form=form) for form in FORMS),
        *(dict(type=name, loss_weight=2.) for name in MMDET)])
    def test_any_loss_of_boxes(self, loss_bbox, no_waiting):
        """Its mean over the positives, without the negative, whatever that predicts."""
        predictions, targets = self.inputs()
        distances = torch.tensor(
            [[[25., 20, 70, 60], [5, 9, 5, 7], [INF, 0, NAN, 1]]], requires_grad=True)
        with no_waiting() as watch:
            loss = total_loss(predictions._replace(distances=distances), targets,
                              loss_bbox=loss_bbox)['loss_bbox']
            loss.backward()
        assert not watch.from_lists  # which would be copied to a GPU
        each = MODELS.build(loss_bbox)(
            boxes_around(distances[0, :2]), boxes_around(targets.distances[0, :2]),
            reduction_override='none')
        assert loss.item() == pytest.approx(each.sum().item() / 2, rel=1e-6) and loss > 0
        assert distances.grad.isfinite().all() and distances.grad[0, 2].tolist() == [0] * 4

    def test_unknown_weight(self):
        with pytest.raises(ValueError, match="got 'iou'"):
            FCOSLoss(bbox_weight='iou')
