"""Eq. (2): focal loss, IoU loss, and their sum over all locations."""
import math

import pytest
import torch
from mmdet.models.losses import CrossEntropyLoss, FocalLoss
from mmdet.models.losses import GIoULoss as MMDetGIoULoss
from mmdet.models.losses import IoULoss as MMDetIoULoss
from mmengine.model import BaseModel

from fcos_mm.models import (
    FCOSLoss,
    LTRBIoULoss,
    Predictions,
    SigmoidFocalLoss,
    Targets,
    focal_loss,
)
from fcos_mm.models.focal_loss import FocalSum
from fcos_mm.models.iou_loss import FORMS


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
        monkeypatch.setattr(focal_loss, 'CHUNK', 60)  # 8 rows of 7
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
    one = torch.ones(())
    return LTRBIoULoss(**options)(torch.tensor(predicted), torch.tensor(target), one, one).item()


class TestIoULoss:
    # Predicted 10 x 10, target 20 x 5 from the same point: intersection 5 * 10 = 50 in
    # area (l 5 + r 5 by t 2.5 + b 2.5), union 100 + 100 - 50 = 150.
    PREDICTED, TARGET = (5., 5., 5., 5.), (10., 2.5, 10., 2.5)

    def test_log(self):
        assert iou_loss(self.PREDICTED, self.TARGET) == pytest.approx(math.log(3))

    def test_smoothed_log(self):
        assert iou_loss(self.PREDICTED, self.TARGET, form='smoothed_log') == pytest.approx(
            -math.log(51 / 151))

    def test_giou(self):
        # Enclosing box 20 x 10 = 200: GIoU = 1/3 - 50/200.
        loss = iou_loss(self.PREDICTED, self.TARGET, form='giou')
        assert loss == pytest.approx(1 - (1 / 3 - 1 / 4))

    def test_forms_of_the_released_code(self):
        # Smoothed IoU 51/151; the enclosing area's 1e-7 is below float32's precision here.
        smoothed = iou_loss(self.PREDICTED, self.TARGET, form='smoothed_giou')
        assert smoothed == pytest.approx(1 - 51 / 151 + 50 / 200)
        linear = iou_loss(self.PREDICTED, self.TARGET, form='linear')
        assert linear == pytest.approx(1 - 51 / 151)

    def test_smoothing_is_felt_in_strides(self):
        # A tenth of the size: I = 0.5, U = 1.5, E = 2, so S = 1.5 / 2.5 instead of 51/151.
        small = [[side / 10 for side in box] for box in (self.PREDICTED, self.TARGET)]
        assert iou_loss(*small, form='giou') == pytest.approx(1 - 1 / 3 + 1 / 4)
        assert iou_loss(*small, form='smoothed_giou') == pytest.approx(1 - 1.5 / 2.5 + 0.5 / 2)
        assert iou_loss(*small, form='linear') == pytest.approx(1 - 1.5 / 2.5)

    @pytest.mark.parametrize('form, expected', [
        # no area at all: I = U = E = 0, so S = 1; (1e-7 - 0) / 1e-7 = 1
        ('smoothed_giou', 1.), ('linear', 0.), ('smoothed_log', 0.)])
    def test_boxes_without_area(self, form, expected):
        zeros = torch.zeros(1, 4, requires_grad=True)
        loss = LTRBIoULoss(form=form)(zeros, torch.zeros(1, 4), torch.ones(1), torch.ones(()))
        loss.backward()
        assert loss.item() == pytest.approx(expected)
        assert zeros.grad.isfinite().all()

    def test_loss_weight_and_divisor(self):
        loss = LTRBIoULoss(loss_weight=2.)(
            torch.tensor([self.PREDICTED] * 2), torch.tensor([self.TARGET] * 2),
            torch.tensor([0.5, 1.]), torch.tensor(3.))
        assert loss.item() == pytest.approx(2 * 1.5 * math.log(3) / 3)

    def test_no_overlap_at_all_is_finite(self):
        predicted = torch.zeros(1, 4, requires_grad=True)
        target = torch.tensor([[9., 9, 9, 9]])
        loss = LTRBIoULoss()(predicted, target, torch.ones(1), torch.ones(()))
        loss.backward()
        assert loss.item() == pytest.approx(-math.log(1e-6), rel=1e-5)
        assert predicted.grad.isfinite().all()

    @pytest.mark.parametrize('form', FORMS)
    def test_weight_zero_adds_nothing_whatever_is_predicted(self, form):
        predicted = torch.tensor([[5., 5, 5, 5], [INF, 0, NAN, 1]], requires_grad=True)
        target = torch.tensor([[10., 2.5, 10, 2.5], [0, 0, 0, 0]])
        loss = LTRBIoULoss(form=form)(predicted, target, torch.tensor([1., 0.]), torch.ones(()))
        loss.backward()
        assert loss.item() == pytest.approx(iou_loss(self.PREDICTED, self.TARGET, form=form))
        assert predicted.grad[1].tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize('form, mmdet', [('log', MMDetIoULoss()), ('giou', MMDetGIoULoss())])
    def test_equals_mmdet_on_decoded_boxes(self, form, mmdet):
        torch.manual_seed(0)
        predicted, target = torch.rand(2, 300, 4) * 100
        weight, divisor = torch.rand(300), torch.tensor(7.)
        boxes = [torch.cat([50 - d[:, :2], 50 + d[:, 2:]], 1) for d in (predicted, target)]
        ours = LTRBIoULoss(form=form)(predicted, target, weight, divisor)
        assert ours.item() == pytest.approx(mmdet(*boxes, weight, divisor).item(), rel=1e-5)

    def test_unknown_form(self):
        with pytest.raises(ValueError, match="got 'ciou'"):
            LTRBIoULoss(form='ciou')


INF, NAN = float('inf'), float('nan')


class TestFCOSLoss:
    """One image, three locations: center-ness 1/3 and 1 at two positives, one negative."""

    def inputs(self):
        targets = Targets(
            labels=torch.tensor([[0, 1, 2]]),
            distances=torch.tensor([[[25., 20, 75, 60], [5, 5, 5, 5], [0, 0, 0, 0]]]),
            gt_index=torch.tensor([[0, 1, -1]]),
            class_weight=torch.ones(1, 3))
        predictions = Predictions(
            class_maps=[torch.zeros(1, 2, 1, 3)],
            distances=torch.tensor([[[25., 20, 75, 60], [5, 5, 5, 5], [9, 9, 9, 9]]]) * 2,
            centerness_logits=torch.zeros(1, 3))
        return predictions, targets

    def test_terms_by_hand(self):
        losses = FCOSLoss()(*self.inputs())
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
        losses = FCOSLoss(bbox_weight='centerness')(
            predictions._replace(distances=distances), targets)
        assert losses['loss_bbox'].item() == pytest.approx(math.log(4) / (1 + 1 / 3))

    def test_distances_in_strides(self):
        predictions, targets = self.inputs()
        strides = torch.tensor([8., 16., 8.])
        in_strides = predictions._replace(distances=predictions.distances / strides[:, None])
        losses = FCOSLoss()(in_strides, targets, strides)
        assert losses['loss_bbox'].item() == pytest.approx(math.log(4))

    def test_class_weight_takes_a_location_out(self):
        predictions, targets = self.inputs()
        targets = targets._replace(class_weight=torch.tensor([[1., 1., 0.]]))
        losses = FCOSLoss()(predictions, targets)
        expected = (2 * 0.25 + 2 * 0.75) * 0.25 * math.log(2) / 2
        assert losses['loss_cls'].item() == pytest.approx(expected)

    def test_no_positive_at_all(self):
        predictions, targets = self.inputs()
        targets = targets._replace(
            labels=torch.full((1, 3), 2), distances=torch.zeros(1, 3, 4),
            gt_index=torch.full((1, 3), -1))
        maps, distances, centerness = predictions
        predictions = Predictions([maps[0].requires_grad_()], distances.requires_grad_(),
                                  centerness.requires_grad_())
        losses = FCOSLoss(bbox_weight='centerness')(predictions, targets)
        # Divided by 1, not by 0.
        assert losses['loss_cls'].item() == pytest.approx(6 * 0.75 * 0.25 * math.log(2))
        assert losses['loss_bbox'].item() == losses['loss_centerness'].item() == 0
        sum(losses.values()).backward()
        assert all(t.grad.isfinite().all() for t in (*maps, distances, centerness))
        assert predictions.distances.grad.abs().sum() == 0

    def test_without_the_branch(self):
        predictions, targets = self.inputs()
        losses = FCOSLoss()(predictions._replace(centerness_logits=None), targets)
        assert set(losses) == {'loss_cls', 'loss_bbox'}

    def test_centerness_target_is_equation_3(self):
        predictions, targets = self.inputs()
        logits = torch.tensor([[math.log(0.5), 5., -3.]])  # sigmoid 1/3 at the first
        losses = FCOSLoss()(predictions._replace(centerness_logits=logits), targets)
        entropy = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
        expected = (entropy + math.log1p(math.exp(-5))) / 2
        assert losses['loss_centerness'].item() == pytest.approx(expected)
        # The first is at its floor, the entropy of 1/3; the floor of the second, 1, is 0.
        above = losses['centerness_above_floor']
        assert above.item() == pytest.approx(math.log1p(math.exp(-5)) / 2, abs=1e-7)
        assert not above.requires_grad

    def test_floor_has_the_weight_of_the_loss(self):
        predictions, targets = self.inputs()
        criterion = FCOSLoss(loss_centerness=dict(
            type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=3.))
        logits = torch.tensor([[math.log(0.5), 5., -3.]])
        losses = criterion(predictions._replace(centerness_logits=logits), targets)
        expected = 3 * math.log1p(math.exp(-5)) / 2
        assert losses['centerness_above_floor'].item() == pytest.approx(expected, abs=1e-6)

    def test_floor_is_no_part_of_the_sum(self):
        losses = FCOSLoss()(*self.inputs())
        total, logged = BaseModel.parse_losses(None, losses)
        parts = [losses[f'loss_{name}'] for name in ('cls', 'bbox', 'centerness')]
        assert total.item() == pytest.approx(sum(parts).item())
        # Cross entropy ln 2 at p = 1/2, over targets 1/3 and 1.
        entropy = -(1 / 3 * math.log(1 / 3) + 2 / 3 * math.log(2 / 3))
        assert logged['centerness_above_floor'].item() == pytest.approx(math.log(2) - entropy / 2)

    def test_compiles_without_a_break(self):
        criterion = FCOSLoss(bbox_weight='centerness')
        (maps, distances, centerness), targets = self.inputs()
        maps = [maps[0].requires_grad_()]

        def total(maps, distances, centerness):
            return sum(criterion(Predictions(maps, distances, centerness), targets).values())

        compiled = torch.compile(total, fullgraph=True, backend='aot_eager')
        results = [function(maps, distances, centerness) for function in (total, compiled)]
        gradients = [torch.autograd.grad(result, maps[0])[0] for result in results]
        torch.testing.assert_close(*results)
        torch.testing.assert_close(*gradients)

    def test_default_centerness_loss_is_binary_cross_entropy(self):
        assert isinstance(FCOSLoss().loss_centerness, CrossEntropyLoss)

    def test_unknown_weight(self):
        with pytest.raises(ValueError, match="got 'iou'"):
            FCOSLoss(bbox_weight='iou')
