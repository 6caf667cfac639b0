"""Detectors ranked by a center-ness network: their scores, their weights, what is refused."""
import copy

import pytest
import torch
from mmdet.models.dense_heads import RetinaHead
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import get_state_dict, load_checkpoint
from mmengine.structures import InstanceData

from fcos_mm.checkpoints.fit import check_checkpoint
from fcos_mm.errors import UserError
from fcos_mm.export.settings import check_exportable
from fcos_mm.models import FCOSHead
from fcos_mm.ranking.detector import ranked
from fcos_mm.registry import MODELS
from fcos_mm.speed.inference import prepare_for_inference

META = dict(img_shape=(64, 64), ori_shape=(64, 64), scale_factor=(1., 1.),
            batch_input_shape=(64, 64))
LIMITS = ConfigDict(nms_pre=1000, min_bbox_size=0, score_thr=0.05,
                    nms=dict(type='nms', iou_threshold=0.5), max_per_img=100)
STRIDES = (8, 16)
NARROW = dict(in_channels=8, feat_channels=8, stacked_convs=1, strides=STRIDES, norm_cfg=None)
RANGES = dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, 32), (32, None)))
SHAPES = [(8, 8), (4, 4)]
NONE = dict(type='fcos_mm.Centerness', branch=False, source='none')
CLASSES = 3


def maps(channels, seed, scale=1.):
    random = torch.Generator().manual_seed(seed)
    return [scale * torch.randn(2, channels, *shape, generator=random) for shape in SHAPES]


def fcos(**centerness):
    return FCOSHead(num_classes=CLASSES, **NARROW, assigner=RANGES, test_cfg=LIMITS,
                    centerness=dict(type='fcos_mm.Centerness', **centerness))


def retina():
    with DefaultScope.overwrite_default_scope('mmdet'):
        return RetinaHead(
            num_classes=CLASSES, in_channels=8, feat_channels=8, stacked_convs=1, test_cfg=LIMITS,
            anchor_generator=dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=1,
                                  ratios=[0.5, 2.0], strides=list(STRIDES)))


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert len(one) and all(one[name].equal(other[name]) for name in one.keys())


@pytest.mark.parametrize('centerness', [
    dict(), dict(branch=False, source='none'), dict(source='predicted_box')])
def test_fcos_is_ranked_as_by_its_branch(centerness):
    """Whatever its own branch says, and whether it has one."""
    classes, distances, given = maps(CLASSES, 0), [m.exp() * 9 for m in maps(4, 1)], maps(1, 2)
    outputs = classes, distances, maps(1, 3) if centerness.get('branch', True) else [None] * 2
    found = ranked(fcos(**centerness), outputs, given, [META] * 2)
    same(found, fcos().predict_by_feat(classes, distances, given, [META] * 2))


def test_scores_of_retinanet_by_a_slow_calculation():
    head, classes, deltas, given = retina(), maps(2 * CLASSES, 0), maps(8, 1, 0.1), maps(1, 2)
    head.test_cfg = ConfigDict(LIMITS, nms=dict(type='nms', iou_threshold=1.), max_per_img=9999)
    found = ranked(head, (classes, deltas), given, [META] * 2)
    for image, detections in enumerate(found):
        expected = []
        for level, (rows, columns) in enumerate(SHAPES):
            for y in range(rows):
                for x in range(columns):
                    factor = given[level][image, 0, y, x].sigmoid()
                    for channel in range(2 * CLASSES):
                        score = classes[level][image, channel, y, x].sigmoid()
                        if score > 0.05:
                            expected.append((score * factor).item())
        torch.testing.assert_close(detections.scores, torch.tensor(sorted(expected)[::-1]))


def test_the_box_of_a_score_stays_its_own():
    """One anchor of one cell has a class: the factor is that of its cell, and the box its own."""
    head, given = retina(), maps(1, 2)
    classes = [torch.full((1, 2 * CLASSES, *shape), -9.) for shape in SHAPES]
    deltas = [torch.zeros(1, 8, *shape) for shape in SHAPES]
    classes[0][0, CLASSES + 1, 2, 5] = 2.  # second anchor, class 1, row 2, column 5
    found, = ranked(head, (classes, deltas), [m[:1] for m in given], [META])
    torch.testing.assert_close(
        found.scores, (torch.tensor([2.]).sigmoid() * given[0][0, 0, 2, 5].sigmoid()))
    assert found.labels.tolist() == [1]
    anchor = head.prior_generator.grid_priors(SHAPES, device='cpu')[0][(2 * 8 + 5) * 2 + 1]
    torch.testing.assert_close(found.bboxes[0], anchor.clamp(0, 64))


@pytest.mark.parametrize('head, boxes', [
    (fcos(branch=False, source='none'), [m.exp() * 9 for m in maps(4, 1)]),
    (retina(), maps(8, 1, 0.1))])
def test_center_ness_of_one_changes_nothing(head, boxes):
    classes = maps(boxes[0].size(1) // 4 * CLASSES, 0)
    ones = [torch.full((2, 1, *shape), 100.) for shape in SHAPES]
    plain = head.predict_by_feat(classes, boxes, None, [META] * 2)
    same(ranked(head, (classes, boxes), ones, [META] * 2), plain)


def test_maps_of_other_sizes_are_refused():
    with pytest.raises(UserError, match='model.ranking has maps of sizes'):
        ranked(retina(), (maps(6, 0), maps(8, 1)), maps(1, 2)[:1], [META] * 2)


BACKBONE = dict(type='mmdet.ResNet', depth=18, base_channels=2, num_stages=2, strides=(2, 2),
                dilations=(1, 1), out_indices=(0, 1), norm_cfg=dict(type='BN'), style='pytorch')
INPUT = dict(type='fcos_mm.DetDataPreprocessor', mean=[1., 2, 3], std=[50., 50, 50])
NECK = dict(type='mmdet.FPN', in_channels=[2, 4], out_channels=8, num_outs=2)
PLAIN = dict(
    type='FCOS', backbone=BACKBONE, neck=NECK, data_preprocessor=INPUT, test_cfg=dict(LIMITS),
    bbox_head=dict(type='fcos_mm.FCOSHead', num_classes=CLASSES, **NARROW, assigner=RANGES,
                   centerness=NONE))
NETWORK = dict(type='CenternessNetwork', bbox_head=dict(type='CenternessHead', **NARROW,
                                                        assigner=RANGES))
ALONE = dict(NETWORK, backbone=BACKBONE, neck=NECK, data_preprocessor=INPUT)


def build(cfg):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return MODELS.build(ConfigDict(copy.deepcopy(cfg)))


def with_ranking(**ranking):
    return dict(PLAIN, type='RankedDetector', ranking=dict(NETWORK, **ranking))


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Checkpoints of a detector and of a network, trained for no step."""
    folder, found = tmp_path_factory.mktemp('weights'), {}
    for name, cfg in (('detector', PLAIN), ('network', ALONE)):
        torch.manual_seed(len(name))
        model = build(cfg)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        found[name] = str(folder / f'{name}.pth')
        torch.save(dict(state_dict=model.state_dict(), meta={}), found[name])
    return found


@pytest.fixture(scope='module')
def detector(files):
    model = build(with_ranking(checkpoint=files['network'])).eval()
    load_checkpoint(model, files['detector'], strict=True)
    return model


def test_the_detectors_checkpoint_is_loaded_as_it_is(detector, files):
    """Also strictly, also one that holds weights of a network: those of its file count."""
    plain, network = (torch.load(files[name])['state_dict'] for name in ('detector', 'network'))
    check_checkpoint(files['detector'], detector)
    for state in (detector.state_dict(), get_state_dict(detector)):
        assert state.keys() == plain.keys()
        assert all(state[name].equal(plain[name]) for name in plain)
    detector.load_state_dict({**plain, 'ranking.bbox_head.conv_centerness.bias': torch.ones(1)})
    own = detector.ranking.state_dict()
    assert all(own[name].equal(network[name]) for name in own)
    detector.init_weights()
    assert own['bbox_head.conv_centerness.bias'].equal(
        network['bbox_head.conv_centerness.bias'])
    detector.load_state_dict(plain)


def batch():
    sample = DetDataSample(metainfo=META)
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[4., 8., 40., 60.]]),
                                       labels=torch.tensor([0]))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4))
    pixels = torch.randint(256, (3, 64, 64), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))
    return dict(inputs=[pixels], data_samples=[sample])


def test_detects_with_the_maps_of_the_network(detector, files):
    plain, network = build(PLAIN).eval(), build(ALONE).eval()
    load_checkpoint(plain, files['detector'])
    load_checkpoint(network, files['network'])
    with torch.no_grad():
        found = detector.test_step(batch())
        inputs = plain.data_preprocessor(batch(), False)['inputs']
        expected = ranked(plain.bbox_head, plain(inputs), network.maps(inputs), [META])
        fast = prepare_for_inference(detector).test_step(batch())
    same([found[0].pred_instances], expected)
    torch.testing.assert_close(fast[0].pred_instances.scores, found[0].pred_instances.scores,
                               rtol=1e-3, atol=1e-4)


def test_a_training_trains_the_detector_alone(detector):
    detector.train()
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        losses = detector(**detector.data_preprocessor(batch(), True), mode='loss')
    assert losses.keys() == {'loss_cls', 'loss_bbox'}
    assert not any(module.training for module in detector.ranking.modules())
    assert not any(p.requires_grad for p in detector.ranking.parameters())
    detector.eval()


def test_without_weights_it_does_not_detect():
    with pytest.raises(UserError, match=r'(?s)has no weights.*model.ranking.checkpoint=FILE'):
        build(with_ranking()).eval().test_step(batch())


@pytest.mark.parametrize('ranking, message', [
    (dict(checkpoint='/nowhere/net.pth'), '/nowhere/net.pth'),
    (dict(data_preprocessor=dict(INPUT, std=[1., 1, 1])), 'gets the pictures of the detector'),
    (dict(bbox_head=dict(NETWORK['bbox_head'], strides=(16, 32))), r'the detector has strides '
                                                                   r'\(8, 16\)')])
def test_what_does_not_fit_is_told(ranking, message):
    with pytest.raises(UserError, match=message):
        build(with_ranking(**ranking))


def test_weights_of_something_else_are_told(files):
    with pytest.raises(UserError, match='does not fit'):
        build(with_ranking(checkpoint=files['detector']))


def test_heads_that_multiply_nothing_are_refused():
    cfg = with_ranking()
    cfg['bbox_head'] = dict(
        type='mmdet.GFLHead', num_classes=CLASSES, in_channels=8,
        anchor_generator=dict(type='mmdet.AnchorGenerator', ratios=[1.], octave_base_scale=8,
                              scales_per_octave=1, strides=list(STRIDES)))
    with pytest.raises(UserError, match='GFLHead, whose scores cannot be multiplied'):
        build(cfg)


def test_export_is_refused(detector):
    for mode in ('raw', 'nms'):
        with pytest.raises(UserError, match='ranked by a center-ness network'):
            check_exportable(detector, mode)
