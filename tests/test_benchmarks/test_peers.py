"""Ours and the peers have the same weights and give the same detections."""
import peers
import pytest
import torch
from harness.same import same_detections
from torch import nn

SIZE = (128, 160)
META = dict(img_shape=SIZE, ori_shape=SIZE, scale_factor=(1., 1.))


def make_lively(head: nn.Module) -> None:
    """Give a random head scores and boxes that differ from place to place."""
    generator = torch.Generator().manual_seed(0)
    for layer, bias in ((head.conv_cls, -3.), (head.conv_reg, 2.)):
        noise = torch.randn(layer.weight.shape, generator=generator)
        layer.weight.data.copy_(0.03 * noise)
        layer.bias.data.fill_(bias)


def test_random_weights_are_the_same_at_every_call():
    head = peers.our_config().bbox_head
    state = torch.get_rng_state()
    one, other = peers.build(head, 'cpu'), peers.build(head, 'cpu')
    assert torch.equal(one.conv_cls.weight, other.conv_cls.weight)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize('options, expected', [
    (dict(), (False, False, 'IoULoss')),
    (dict(center_sampling=True), (True, False, 'IoULoss')),
    (dict(improved=True), (True, True, 'GIoULoss')),
])
def test_heads_of_mmdet_have_our_options(options, expected):
    ours, theirs = peers.build_heads('cpu', **options)
    loss = type(theirs.loss_bbox).__name__
    assert (theirs.center_sampling, theirs.norm_on_bbox, loss) == expected
    assert ours.assigner.center_sampling_radius == (1.5 if expected[0] else None)
    assert (ours.regression == 'relu') == expected[1]
    assert torch.equal(ours.conv_cls.weight, theirs.conv_cls.weight)


def test_detector_of_mmdet():
    ours, theirs = peers.build_detectors('cpu')
    assert torch.equal(ours.bbox_head.conv_cls.weight, theirs.bbox_head.conv_cls.weight)
    make_lively(ours.bbox_head)
    theirs.load_state_dict(ours.state_dict())
    feats = ours.eval().extract_feat(torch.rand(1, 3, *SIZE))
    with torch.no_grad():
        results, expected = (
            model.eval().bbox_head.predict_by_feat(*model.bbox_head(feats), batch_img_metas=[META])
            for model in (ours, theirs))
    assert len(expected[0]) > 10
    assert same_detections(results, expected) == ''


def test_detector_of_torchvision():
    if reason := peers.why_not('torchvision'):
        pytest.skip(reason)
    import peers_torchvision
    ours = peers.build(peers_torchvision.our_config(), 'cpu').eval()
    make_lively(ours.bbox_head)
    theirs = peers_torchvision.twin(ours, 'cpu', SIZE).eval()
    image = torch.rand(3, *SIZE, generator=torch.Generator().manual_seed(0))
    normalised = theirs.transform([image])[0].tensors
    with torch.no_grad():
        results = ours.bbox_head.predict_by_feat(
            *ours.bbox_head(ours.extract_feat(normalised)), batch_img_metas=[META])
        expected = peers_torchvision.detections(theirs([image]))
    assert len(expected[0]) > 10
    assert same_detections(results, expected) == ''


def test_what_is_not_there_has_a_reason():
    assert 'no_such_package' in peers.why_not('no_such_package')
