"""Experiments at other scales: the sizes change, what is compared does not."""
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS, TESTS, check_scale
from fcos_mm.paper.scales import experiment_config
from fcos_mm.registry import MODELS

AT_ALL_SCALES = [name for name, experiment in EXPERIMENTS.items() if 'tiny' in experiment.scales]


def config(name, scale):
    return experiment_config(EXPERIMENTS[name].config, scale)


def batch():
    sample = DetDataSample(metainfo=dict(
        img_shape=(64, 64), ori_shape=(64, 64), pad_shape=(64, 64), scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[4., 8., 40., 60.], [16., 16., 30., 28.]]),
        labels=torch.tensor([0, 1]))
    sample.ignored_instances = InstanceData(
        bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    pixels = torch.randint(256, (3, 64, 64), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))
    return dict(inputs=[pixels], data_samples=[sample])


@pytest.mark.parametrize('scale', ['small', 'tiny'])
@pytest.mark.parametrize('name', AT_ALL_SCALES)
def test_every_experiment_trains(name, scale):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        torch.manual_seed(0)
        model = MODELS.build(config(name, scale).model)
        model.init_weights()
        model.train()
        losses = model(**model.data_preprocessor(batch(), True), mode='loss')
        total, _ = model.parse_losses(losses)
        total.backward()
    assert total.isfinite() and 0 < total < 20
    head = getattr(model, 'rpn_head', None) or model.bbox_head
    assert all(p.grad is not None for p in head.parameters())


def test_sizes_of_tiny():
    cfg = config('fcos', 'tiny')
    assert cfg.model.neck.in_channels == [32, 64, 128, 256]
    assert cfg.model.neck.add_extra_convs == 'on_output'
    head = cfg.model.bbox_head
    assert (head.num_classes, head.in_channels, head.stacked_convs) == (6, 64, 2)
    assert head.strides == (8, 16, 32, 64, 128)
    # 0.375 times the paper's 64, 128, 256, 512; the last has no end.
    assert head.assigner.regress_ranges == ((0, 24), (24, 48), (48, 96), (96, 192), (192, None))
    assert cfg.train_dataloader.dataset.data_root == 'data/shapes/'


def test_sizes_of_anchors_follow():
    # The smallest anchor of the paper is 32 pixels, 4 strides; here it is 12.
    for scale in ('tiny', 'small'):
        retinanet, rpn = (config(name, scale).model for name in ('retinanet', 'rpn'))
        assert retinanet.bbox_head.anchor_generator.octave_base_scale == 1.5
        assert rpn.rpn_head.anchor_generator.scales == [3]


def test_what_is_compared_stays():
    assert config('fcos_c5', 'tiny').model.neck.add_extra_convs == 'on_input'
    assert config('fcos_no-centerness', 'tiny').model.bbox_head.centerness.branch is False
    assert config('fcos_deep-centerness', 'tiny').model.bbox_head.centerness.num_convs == 2
    alone = config('fcos_p4', 'tiny').model
    assert alone.neck.in_channels == [32, 64, 128] and alone.backbone.out_indices == (1, 2, 3)
    assert alone.bbox_head.strides == (16, )
    assert alone.bbox_head.assigner.regress_ranges == ((0, None), )
    assert 'norm_cfg' not in config('retinanet', 'tiny').model.bbox_head
    assert config('retinanet_gn', 'tiny').model.bbox_head.norm_cfg.num_groups == 16


def test_full_is_the_config_itself():
    cfg = config('fcos', 'full')
    assert cfg.model.bbox_head.num_classes == 80
    assert cfg.model.bbox_head.assigner.regress_ranges[1] == (64, 128)


def test_two_experiments_differ_only_in_what_the_paper_compares():
    one, other = (config(name, 'tiny').model.to_dict() for name in ('fcos', 'fcos_c5'))
    other['neck']['add_extra_convs'] = 'on_output'
    assert one == other


def test_large_networks_are_for_full_scale_only():
    with pytest.raises(UserError, match='mmdet_ssd512 exists at --scale full only'):
        check_scale('mmdet_ssd512', 'tiny')


def test_every_test_is_of_an_experiment():
    assert all(test.experiment in EXPERIMENTS for test in TESTS.values())
    assert all(test.ranking in ('', 'centerness-network') for test in TESTS.values())


def test_the_center_ness_network_is_as_deep_as_both_towers():
    for scale, tower in (('full', 4), ('small', 2), ('tiny', 2)):
        head, fcos = (config(name, scale).model.bbox_head
                      for name in ('centerness-network', 'fcos'))
        assert (fcos.stacked_convs, head.stacked_convs) == (tower, 2 * tower)
        assert head.assigner == fcos.assigner and head.norm_cfg == fcos.norm_cfg
    assert config('centerness-network', 'tiny').val_evaluator.type == 'CenternessMetric'
    assert config('fcos', 'tiny').val_evaluator.metric == 'bbox'


def test_second_stage_learns_from_fewer_proposals():
    for scale, proposals in (('full', 512), ('small', 128), ('tiny', 64)):
        for name in ('faster-rcnn', 'faster-rcnn_fcos-rpn'):
            assert config(name, scale).model.train_cfg.rcnn.sampler.num == proposals
