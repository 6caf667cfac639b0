"""The preset ``mmdet`` against mmdet's own FCOSHead: same weights, same answers."""
import pytest
import torch
from mmdet.models.dense_heads import FCOSHead as MMDetFCOSHead
from mmengine.config import ConfigDict

from fcos_mm.models import FCOSHead

STRIDES = (8, 16, 32, 64, 128)
TEST_CFG = ConfigDict(
    nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5),
    max_per_img=100)
SHARED = dict(
    num_classes=6, in_channels=32, feat_channels=32, stacked_convs=2, strides=STRIDES,
    norm_cfg=dict(type='GN', num_groups=8, requires_grad=True), test_cfg=TEST_CFG)
PLAIN = (
    dict(),
    dict(loss=dict(type='fcos_mm.FCOSLoss', bbox_weight='centerness')))
IMPROVED = (
    dict(center_sampling=True, norm_on_bbox=True, centerness_on_reg=True,
         loss_bbox=dict(type='GIoULoss', loss_weight=1.0)),
    dict(regression='relu', centerness=dict(type='fcos_mm.Centerness', position='reg'),
         assigner=dict(type='fcos_mm.FCOSAssigner', center_sampling_radius=1.5),
         loss=dict(type='fcos_mm.FCOSLoss', bbox_weight='centerness',
                   loss_bbox=dict(type='mmdet.GIoULoss'))))  # yapf: disable


@pytest.fixture(params=[PLAIN, IMPROVED], ids=['plain', 'improved'])
def heads(request):
    """Return mmdet's head and ours with the same lively weights."""
    theirs, ours = request.param
    torch.manual_seed(0)
    theirs = MMDetFCOSHead(**SHARED, **theirs)
    ours = FCOSHead(**SHARED, location_offset='half',
                    postprocess=dict(type='fcos_mm.FCOSPostProcessor', rank_by='class_score'),
                    **ours)
    for parameter in theirs.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.06)
    for scale in theirs.scales:
        scale.scale.data.uniform_(0.5, 2)
    theirs.conv_reg.bias.data.fill_(2.)
    theirs.conv_cls.bias.data.fill_(-2.)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, ours


def batch(counts, random_boxes, seed):
    """Draw feature maps, boxes and meta information of images of random size."""
    generator = torch.Generator().manual_seed(seed)
    height, width = torch.randint(100, 400, (2, ), generator=generator).tolist()
    feats = [torch.randn(len(counts), 32, -(-height // s), -(-width // s), generator=generator)
             for s in STRIDES]
    boxes = [random_boxes(generator, n, width, height, num_classes=6) for n in counts]
    meta = dict(img_shape=(height, width), scale_factor=(0.7, 0.71),
                ori_shape=(int(height / .71), int(width / .7)))
    return feats, boxes, [meta] * len(counts)


COUNTS = [(0, 0), (1, 0), (1, 1), (3, 1), (20, 40), (0, 200)]


@pytest.mark.parametrize('seed, counts', list(enumerate(COUNTS)))
def test_losses_and_gradients(heads, random_boxes, counts, seed):
    theirs, ours = heads
    feats, boxes, metas = batch(counts, random_boxes, seed)
    expected = theirs.loss_by_feat(*theirs(feats), boxes, metas)
    losses = ours.loss_by_feat(*ours(feats), boxes, metas)
    assert set(losses) == {*expected, 'centerness_above_floor'}
    for name, loss in expected.items():
        assert losses[name].item() == pytest.approx(loss.item(), rel=1e-5), name
    sum(expected.values()).backward()
    sum(losses.values()).backward()
    for (name, parameter), other in zip(theirs.named_parameters(), ours.parameters()):
        size = parameter.grad.abs().max().item()
        torch.testing.assert_close(other.grad, parameter.grad, rtol=1e-3, atol=1e-5 * size + 1e-8,
                                   msg=name)


@pytest.mark.parametrize('rescale', [True, False])
@pytest.mark.parametrize('seed', range(6))
def test_detections(heads, random_boxes, seed, rescale):
    theirs, ours = (head.eval() for head in heads)
    feats, _, metas = batch((1, 1, 1), random_boxes, seed)
    with torch.no_grad():
        expected = theirs.predict_by_feat(*theirs(feats), batch_img_metas=metas, rescale=rescale)
        results = ours.predict_by_feat(*ours(feats), batch_img_metas=metas, rescale=rescale)
    for result, other in zip(results, expected):
        assert len(result) > 10
        assert torch.equal(result.labels, other.labels)
        # One unit in the last place: sigmoid runs over another memory layout.
        torch.testing.assert_close(result.scores, other.scores, rtol=3e-7, atol=0)
        torch.testing.assert_close(result.bboxes, other.bboxes, rtol=1e-6, atol=1e-4)


def test_parameter_order_serves_optimizer_states(heads):
    theirs, ours = heads
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
