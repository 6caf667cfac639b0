"""The network of Fig. 2 and the head's contract with mmdet."""
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSHead
from fcos_mm.models.assigner import FCOSAssigner
from fcos_mm.registry import MODELS

TEST_CFG = ConfigDict(
    nms_pre=100, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=10)
SMALL = dict(
    num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1, strides=(8, 16),
    norm_cfg=dict(type='GN', num_groups=2), test_cfg=TEST_CFG,
    assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, 32), (32, None))))


def build(**options):
    torch.manual_seed(0)
    head = FCOSHead(**{**SMALL, **options})
    head.init_weights()
    return head


def features(batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 8, 64 // s, 96 // s, generator=generator) for s in (8, 16)]


def samples(*images, scale=1.):
    result = []
    for boxes in images:
        boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
        sample = DetDataSample(metainfo=dict(
            img_shape=(64, 96), ori_shape=(int(64 / scale), int(96 / scale)),
            scale_factor=(scale, scale)))
        sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes)).long())
        sample.ignored_instances = InstanceData(
            bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
        result.append(sample)
    return result


BOXES = [(10, 10, 40, 50), (30, 5, 90, 60)]


class TestLayers:

    def test_outputs_of_every_level(self):
        scores, distances, centernesses = build()(features())
        assert [tuple(t.shape) for t in scores] == [(2, 3, 8, 12), (2, 3, 4, 6)]
        assert [tuple(t.shape) for t in distances] == [(2, 4, 8, 12), (2, 4, 4, 6)]
        assert [tuple(t.shape) for t in centernesses] == [(2, 1, 8, 12), (2, 1, 4, 6)]

    def test_prior_of_every_class_is_one_percent(self):
        head = build()
        assert torch.allclose(head.conv_cls.bias.sigmoid(), torch.tensor(0.01))

    @pytest.mark.parametrize('regression, apply', [
        ('exp', torch.exp), ('relu', lambda x: x.clamp(min=0))])
    def test_regression_has_a_scale_for_each_level(self, regression, apply):
        head = build(regression=regression)
        head.scales[0].scale.data.fill_(2.)
        head.scales[1].scale.data.fill_(-3.)
        feats, raw = features(), []
        for feat in feats:
            for conv in head.reg_convs:
                feat = conv(feat)
            raw.append(head.conv_reg(feat))
        _, distances, _ = head(feats)
        assert torch.allclose(distances[0], apply(2 * raw[0]))
        assert torch.allclose(distances[1], apply(-3 * raw[1]))

    def test_shared_towers_and_parameter_names(self):
        names = set(dict(build().named_parameters()))
        assert names == {
            'cls_convs.0.conv.weight', 'cls_convs.0.gn.weight', 'cls_convs.0.gn.bias',
            'reg_convs.0.conv.weight', 'reg_convs.0.gn.weight', 'reg_convs.0.gn.bias',
            'conv_cls.weight', 'conv_cls.bias', 'conv_reg.weight', 'conv_reg.bias',
            'conv_centerness.weight', 'conv_centerness.bias', 'scales.0.scale', 'scales.1.scale'}

    def test_bias_under_group_norm_on_request(self):
        assert 'reg_convs.0.conv.bias' in dict(build(conv_bias=True).named_parameters())

    @pytest.mark.parametrize('position', ['cls', 'reg'])
    def test_where_the_centerness_branch_stands(self, position):
        head = build(centerness=dict(type='fcos_mm.Centerness', position=position))
        feats = features()
        before = head(feats)[2][0]
        tower = head.cls_convs if position == 'cls' else head.reg_convs
        tower[0].conv.weight.data.add_(1.)
        after = head(feats)[2][0]
        other = head.reg_convs if position == 'cls' else head.cls_convs
        other[0].conv.weight.data.add_(1.)
        assert not torch.allclose(before, after)
        assert torch.equal(after, head(feats)[2][0])

    def test_deeper_branch(self):
        head = build(centerness=dict(type='fcos_mm.Centerness', num_convs=2))
        names = [n for n, _ in head.named_parameters() if n.startswith('centerness_convs')]
        assert len(names) == 2 * 3
        before = head(features())[2][0]
        head.centerness_convs[1].conv.weight.data.neg_()
        assert not torch.allclose(before, head(features())[2][0])

    def test_deformable_last_convolution(self):
        head = build(dcn_on_last_conv=True, stacked_convs=2)
        for tower in (head.cls_convs, head.reg_convs):
            kinds = [type(conv.conv).__name__ for conv in tower]
            assert kinds == ['Conv2d', 'ModulatedDeformConv2dPack']

    def test_a_shared_tower_stands_before_both(self):
        head = build(shared_convs=2, stacked_convs=1, in_channels=4)
        feats = [feat[:, :4] for feat in features()]
        assert [conv.conv.in_channels for conv in head.shared_convs] == [4, 8]
        assert head.cls_convs[0].conv.in_channels == head.reg_convs[0].conv.in_channels == 8
        plain = build()
        plain.load_state_dict(head.state_dict(), strict=False)
        between = [head.shared_convs[1](head.shared_convs[0](feat)) for feat in feats]
        for ours, expected in zip(head(feats), plain(between)):
            assert all(torch.equal(a, b) for a, b in zip(ours, expected))

    def test_a_shared_tower_alone(self):
        head = build(shared_convs=1, stacked_convs=0)
        feats = features()
        scores, distances, _ = head(feats)
        hidden = head.shared_convs[0](feats[1])
        assert torch.equal(scores[1], head.conv_cls(hidden))
        assert torch.equal(distances[1], head.conv_reg(hidden).exp())
        sum(head.loss(feats, samples(BOXES, [])).values()).backward()
        assert all(p.grad is not None for p in head.parameters())

    def test_without_scales(self):
        head, scaled = build(scale=False), build()
        assert not any('scale' in name for name in head.state_dict())
        scaled.load_state_dict(head.state_dict(), strict=False)  # whose scales are 1
        assert all(torch.equal(a, b) for a, b in zip(head(features())[1], scaled(features())[1]))

    def test_without_the_branch(self):
        head = build(centerness=dict(type='fcos_mm.Centerness', source='none', branch=False))
        outputs = head(features())
        assert outputs[2] == [None, None]
        assert 'conv_centerness.weight' not in dict(head.named_parameters())
        losses = head.loss(features(), samples(BOXES, []))
        assert set(losses) == {'loss_cls', 'loss_bbox'}
        assert len(head.predict(features(), samples([], []))) == 2

    @pytest.mark.parametrize('options, message', [
        (dict(regression='softplus'), "got 'softplus'"),
        (dict(location_offset='middle'), "location_offset .* got 'middle'"),
        (dict(conv_bias='yes'), "conv_bias .* got 'yes'"),
        (dict(num_classes=0), 'num_classes .* got 0'),
        (dict(in_channels=[8, 8]), r'in_channels .* got \[8, 8\]'),
        (dict(feat_channels='8'), "feat_channels .* got '8'"),
        (dict(stacked_convs=-1), 'stacked_convs .* got -1'),
        (dict(shared_convs=-1), 'shared_convs .* got -1'),
        (dict(norm_cfg=None, norm_per_level=True), 'norm_per_level=True needs a norm_cfg'),
        (dict(strides=8), 'strides .* got 8'),
        (dict(strides=((8, 8), (16, 16))), 'strides .* got'),
        (dict(strides=(8, 0)), 'strides .* got'),
        (dict(box_convention='corner'), "got 'corner'")])
    def test_wrong_options_are_named(self, options, message):
        with pytest.raises(ValueError, match=message):
            build(**options)


class TestLoss:

    @pytest.mark.parametrize('images', [([], []), (BOXES[:1], []), (BOXES, BOXES[1:])])
    @pytest.mark.parametrize('regression', ['exp', 'relu'])
    def test_gradients_are_finite(self, images, regression):
        head = build(regression=regression)
        losses = head.loss(features(), samples(*images))
        sum(losses.values()).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in head.parameters())
        assert head.conv_cls.weight.grad.abs().sum() > 0
        some_box = any(len(boxes) for boxes in images)
        assert (losses['loss_bbox'].item() > 0) == some_box

    def test_stride_is_taken_off_the_targets_under_relu(self):
        """IoU does not feel the unit, so predictions of the target's size give no loss."""
        head = build(regression='relu')
        locations = head.location_generator([(8, 12), (4, 6)], 'cpu')
        targets = head.assign(locations, [s.gt_instances for s in samples(BOXES)], None, [{}])
        in_strides = (targets.distances / locations.strides[:, None]).transpose(1, 2)  # (1, 4, P)
        maps = [in_strides[..., :96].reshape(1, 4, 8, 12), in_strides[..., 96:].reshape(1, 4, 4, 6)]
        truth = [samples(BOXES)[0].gt_instances]
        zeros = [torch.zeros(1, 1, 8, 12), torch.zeros(1, 1, 4, 6)]
        classes = [torch.zeros(1, 3, 8, 12), torch.zeros(1, 3, 4, 6)]
        losses = head.loss_by_feat(classes, maps, zeros, truth, [{}])
        assert losses['loss_bbox'].item() == pytest.approx(0, abs=1e-6)
        smoothed = build(
            regression='relu', loss=dict(type='fcos_mm.FCOSLoss', loss_bbox=dict(
                type='fcos_mm.LTRBIoULoss', form='smoothed_log')))
        halved = [m / 2 for m in maps]
        loss = smoothed.loss_by_feat(classes, halved, zeros, truth, [{}])['loss_bbox']
        positive = targets.positive[0]
        wanted = in_strides[0].T[positive]
        union = (wanted[:, 0] + wanted[:, 2]) * (wanted[:, 1] + wanted[:, 3])
        expected = -torch.log((union / 4 + 1) / (union + 1)).mean()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)

    def test_losses_stay_float32_under_mixed_precision(self):
        head = build()
        with torch.autocast('cpu', dtype=torch.bfloat16):
            outputs = head(features())
            assert outputs[0][0].dtype == torch.bfloat16
            losses = head.loss_by_feat(
                *outputs, [s.gt_instances for s in samples(BOXES, BOXES)], [{}, {}])
        assert all(loss.dtype == torch.float32 for loss in losses.values())
        exact = head.loss_by_feat(
            *[[m.float() for m in maps] for maps in outputs],
            [s.gt_instances for s in samples(BOXES, BOXES)], [{}, {}])
        assert all(torch.equal(losses[k], exact[k]) for k in losses)

    @pytest.mark.parametrize('averaged', ['cls', 'all'])
    def test_a_moving_average_waits_for_no_device(self, averaged, no_waiting):
        head = build(loss=dict(
            type='fcos_mm.FCOSLoss', normalizer='moving_average', averaged=averaged))
        with no_waiting():
            sum(head.loss(features(), samples(BOXES, [])).values()).backward()

    @pytest.mark.parametrize('crowd', ['drop', 'ignore', 'mask'])
    @pytest.mark.parametrize('radius', [None, 1.5])
    def test_nothing_waits_for_the_device(self, crowd, radius, no_waiting):
        """No operator whose result the CPU must read, forward or backward."""
        head = build(assigner=dict(
            type='fcos_mm.FCOSAssigner', regress_ranges=((0, 32), (32, None)), crowd=crowd,
            center_sampling_radius=radius))
        batch = samples(BOXES, [])
        batch[0].ignored_instances = InstanceData(
            bboxes=torch.tensor([[50., 0, 96, 30]]), labels=torch.zeros(1).long())
        with no_waiting():
            sum(head.loss(features(), batch).values()).backward()

    @pytest.mark.parametrize('wait', [
        lambda x: x.sum().item(), lambda x: x.nonzero(), lambda x: x[x > 0],
        lambda x: bool(x.any()), lambda x: x[[2, 1, 0]]])
    def test_the_watch_itself_notices(self, no_waiting, wait):
        with pytest.raises(AssertionError, match='waits for the device'), no_waiting():
            wait(torch.ones(3))


class TestPredict:

    def test_distances_in_strides_are_decoded(self):
        head = build(regression='relu', centerness=dict(
            type='fcos_mm.Centerness', source='none', branch=False))
        scores = [torch.full((1, 3, 8, 12), -9.), torch.full((1, 3, 4, 6), -9.)]
        scores[1][0, 2, 1, 3] = 9.  # location (8 + 3 * 16, 8 + 16) = (56, 24)
        distances = [torch.ones(1, 4, 8, 12), torch.ones(1, 4, 4, 6)]
        result, = head.predict_by_feat(
            scores, distances, [None, None], [dict(img_shape=(64, 96))])
        assert result.bboxes.tolist() == [[40, 8, 72, 40]]
        assert result.labels.tolist() == [2]

    def test_cfg_replaces_test_cfg(self):
        head = build(test_cfg=None)
        head.conv_cls.bias.data.fill_(2.)
        cfg = ConfigDict({**TEST_CFG, 'max_per_img': 4})
        results = head.predict_by_feat(
            *head(features()), batch_img_metas=[dict(img_shape=(64, 96))] * 2, cfg=cfg)
        assert [len(r) for r in results] == [4, 4]


class TestRegistry:

    def test_scoped_name_and_mmdet_types(self):
        head = MODELS.build(dict(type='fcos_mm.FCOSHead', **SMALL))
        assert isinstance(head, FCOSHead) and isinstance(head.assigner, FCOSAssigner)
        from mmdet.registry import MODELS as MMDET
        assert isinstance(MMDET.build(dict(type='fcos_mm.FCOSHead', **SMALL)), FCOSHead)


class TestAsProposalNetwork:
    """The head as ``rpn_head`` of mmdet's own detectors."""

    HEAD = dict(type='fcos_mm.FCOSHead', **{k: v for k, v in SMALL.items()
                                           if k not in ('num_classes', 'test_cfg')})
    PROPOSALS = dict(nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7),
                     min_bbox_size=0)
    BACKBONE = dict(
        backbone=dict(type='mmdet.ResNet', depth=18, base_channels=4, norm_eval=False),
        neck=dict(type='mmdet.FPN', in_channels=[4, 8, 16, 32], out_channels=8, start_level=1,
                  end_level=2, num_outs=2))

    def check(self, detector, expected_losses):
        from mmdet.registry import MODELS as MMDET
        torch.manual_seed(0)
        model = MMDET.build(ConfigDict(detector))
        image = torch.randn(2, 3, 64, 96)
        losses = model.loss(image, samples(BOXES, BOXES[1:]))
        assert set(losses) >= expected_losses
        sum(sum(v) if isinstance(v, list) else v
            for k, v in losses.items() if 'loss' in k).backward()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
        model.eval()
        with torch.no_grad():
            return model.predict(image, samples([], []))

    def test_in_the_rpn_detector(self):
        results = self.check(
            dict(type='RPN', rpn_head=dict(**self.HEAD, num_classes=1), train_cfg=dict(rpn=None),
                 test_cfg=dict(rpn=self.PROPOSALS), **self.BACKBONE),
            {'loss_cls', 'loss_bbox', 'loss_centerness'})
        assert 0 < len(results[0].pred_instances) <= 20

    @pytest.mark.parametrize('regression', ['exp', 'relu'])
    def test_in_faster_rcnn(self, regression):
        sampler = dict(type='RandomSampler', num=16, pos_fraction=0.25, add_gt_as_proposals=True)
        matcher = dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5,
                       match_low_quality=False, ignore_iof_thr=-1)
        roi_head = dict(
            type='StandardRoIHead',
            bbox_roi_extractor=dict(
                type='SingleRoIExtractor', out_channels=8, featmap_strides=[8, 16],
                roi_layer=dict(type='RoIAlign', output_size=3, sampling_ratio=0)),
            bbox_head=dict(type='Shared2FCBBoxHead', in_channels=8, fc_out_channels=16,
                           roi_feat_size=3, num_classes=3))
        self.check(
            dict(type='FasterRCNN', rpn_head=dict(**self.HEAD, regression=regression),
                 roi_head=roi_head,
                 train_cfg=dict(rpn=None, rpn_proposal=self.PROPOSALS,
                                rcnn=dict(assigner=matcher, sampler=sampler, pos_weight=-1)),
                 test_cfg=dict(rpn=self.PROPOSALS, rcnn=TEST_CFG), **self.BACKBONE),
            {'rpn_loss_cls', 'rpn_loss_bbox', 'rpn_loss_centerness', 'loss_cls'})
