"""The moving average of positives: by hand over steps, saved, compiled."""
import pytest
import torch

from fcos_mm.models import Centerness, FCOSLoss, Predictions, Targets, losses
from fcos_mm.models.moving_average import MovingAverage

POSITIVES = (2, 4, 0)


def batch(positives):
    """Predictions and targets of one image of 5 locations and 2 classes."""
    positive = torch.arange(5)[None] < positives
    generator = torch.Generator().manual_seed(positives)
    distances = torch.rand(1, 5, 4, generator=generator) * 9 + 1
    targets = Targets(
        positive=positive, labels=torch.where(positive, 1, 2),
        distances=torch.where(positive[..., None], torch.tensor([3., 4, 5, 6]), 0.),
        gt_index=torch.where(positive, 0, -1), class_weight=torch.ones(1, 5))
    maps = [torch.randn(1, 2, 1, 5, generator=generator)]
    quality = torch.randn(1, 5, generator=generator)
    return (Predictions(maps, distances, quality), targets, Centerness())


def averaging(**options):
    return FCOSLoss(normalizer='moving_average', **options)


def test_three_steps_by_hand():
    average = MovingAverage(momentum=0.9, initial=100)
    got = [average(torch.tensor(float(value))) for value in (10, 20, 1)]
    # 90 + 1 = 91; 81.9 + 2 = 83.9; 75.51 + 0.1 = 75.61
    assert [value.item() for value in got] == pytest.approx([91, 83.9, 75.61], rel=1e-6)
    average.eval()
    assert average(torch.tensor(7.)).item() == pytest.approx(75.61, rel=1e-6)


@pytest.mark.parametrize('averaged', ['cls', 'all'])
def test_what_it_divides(averaged):
    """N_pos 2, 4 and 1, the least: 90.2, 81.58 and 73.522."""
    ours, plain = averaging(averaged=averaged), FCOSLoss()
    for positives, average in zip(POSITIVES, (90.2, 81.58, 73.522)):
        got, expected = ours(*batch(positives)), plain(*batch(positives))
        count = max(positives, 1)
        for name in ('loss_cls', 'loss_bbox', 'loss_centerness', 'centerness_above_floor'):
            divisor = average if averaged == 'all' or name == 'loss_cls' else count
            assert got[name].item() == pytest.approx(
                expected[name].item() * count / divisor, rel=1e-5, abs=1e-7), name


def test_boxes_weighted_by_centerness_keep_their_divisor():
    got = averaging(averaged='all', bbox_weight='centerness')(*batch(2))
    expected = FCOSLoss(bbox_weight='centerness')(*batch(2))
    assert torch.equal(got['loss_bbox'], expected['loss_bbox'])


def test_positives_are_those_of_all_ranks(monkeypatch):
    monkeypatch.setattr(losses, 'reduce_mean', lambda sums: sums * 3)
    criterion = averaging(momentum=0., initial=50)
    criterion(*batch(2))
    assert criterion.num_pos.average.item() == 6


def test_continues_from_a_checkpoint_bit_for_bit():
    whole, first, second = averaging(), averaging(), averaging(initial=1)
    expected = [whole(*batch(positives))['loss_cls'] for positives in POSITIVES]
    first(*batch(POSITIVES[0]))
    assert list(first.state_dict()) == ['num_pos.average']
    second.load_state_dict(first.state_dict())
    for positives, loss in zip(POSITIVES[1:], expected[1:]):
        assert torch.equal(second(*batch(positives))['loss_cls'], loss)
    assert not FCOSLoss().state_dict()


def test_losses_of_two_batches_before_their_gradients():
    criterion = averaging()
    maps = [batch(positives)[0].class_maps[0].requires_grad_() for positives in (2, 4)]
    total = sum(
        criterion(inputs._replace(class_maps=[each]), *others)['loss_cls']
        for each, (inputs, *others) in zip(maps, map(batch, (2, 4))))
    total.backward()
    assert all(each.grad.abs().sum() > 0 for each in maps)


def test_compiles_into_one_graph():
    plain, compiled = averaging(), averaging()
    compiled.compile(fullgraph=True, backend='aot_eager')
    for positives in POSITIVES:
        expected, got = plain(*batch(positives)), compiled(*batch(positives))
        for name, value in expected.items():
            torch.testing.assert_close(got[name], value)
    torch.testing.assert_close(plain.num_pos.average, compiled.num_pos.average)


@pytest.mark.parametrize('options, message', [
    (dict(normalizer='ema'), "normalizer .* got 'ema'"),
    (dict(normalizer='moving_average', averaged='box'), "averaged .* got 'box'"),
    (dict(normalizer='moving_average', momentum=1), 'momentum must be .* got 1'),
    (dict(normalizer='moving_average', initial=0), 'initial must be positive, got 0')])
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FCOSLoss(**options)
