"""The config of a network of the released code."""
from fcos_mm.checkpoints.convert.official.network import Network
from fcos_mm.checkpoints.convert.pipelines import testing_steps
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.errors import UserError

_IMPROVED = '-center-normbbox-centeronreg-giou'
_EXPANSION = 4  # of the last convolution of a block


def config_of(network: Network, improved: bool) -> str:
    """The shipped config of a network, or of the most similar one."""
    caffe = '-caffe' if network.depth and network.groups == 1 else ''
    dcn = '-dcn' if any(network.dcn) else ''
    head = f'gn-head{_IMPROVED if improved else ""}'
    names = [f'fcos_{network.name}{dcn}{caffe}_fpn_{head}{schedule}_coco'
             for schedule in ('_official_1x', '_ms-640-800-2x', '_1x')]
    return next((name for name in names if name in shipped_configs()),
                f'fcos_r50-caffe_fpn_{head}_official_1x_coco')


def settings_of(network: Network, improved: bool) -> dict:
    """All that the released code does in its own way, and the sizes of the network.

    Raises:
        UserError: If the backbone is none that can be built here.
    """
    settings = {} if network.depth else dict(find_unused_parameters=False)  # of a layer less
    for name in ('val_dataloader', 'test_dataloader'):
        settings[name] = dict(dataset=dict(pipeline=_test_pipeline()))
    return dict(
        settings,
        test_pipeline=_test_pipeline(),
        model=dict(
            data_preprocessor=dict(
                mean=[102.9801, 115.9465, 122.7717], std=[1., 1., 1.], bgr_to_rgb=False,
                pad_size_divisor=32),
            backbone=_backbone(network),
            neck=dict(
                in_channels=list(network.made), out_channels=network.channels,
                start_level=0 if network.depth is None else 1,
                add_extra_convs='on_input' if network.from_c5 else 'on_output',
                relu_before_extra_convs=True),
            bbox_head=_head(network, improved),
            test_cfg=dict(nms_pre=1000, score_thr=0.05, max_per_img=100,
                          nms=dict(type='nms', iou_threshold=0.6, offset=1))))


def _backbone(network: Network) -> dict:
    if network.depth is None:
        return dict(_delete_=True, type='MobileNetV2Body', out_indices=(2, 4, 6),
                    frozen_stages=-1, norm_eval=False, init_cfg=None)
    base = network.made[0] // _EXPANSION
    if network.groups == 1 and network.width != base:
        raise UserError(
            f'official: the inner convolutions of the backbone have {network.width} channels and '
            f'its first stage {network.made[0]}.\nResNets with four times as many, and ResNeXts, '
            'can be converted.')
    settings = dict(depth=network.depth, base_channels=base, stem_channels=network.stem,
                    init_cfg=None)
    if network.groups == 1:
        settings.update(type='ResNet', style='caffe')
    else:
        settings.update(type='ResNeXt', style='pytorch', groups=network.groups,
                        base_width=network.width)
    if any(network.dcn):
        settings.update(dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
                        stage_with_dcn=network.dcn)
    return settings


def _head(network: Network, improved: bool) -> dict:
    loss = dict(_delete_=True, type='LTRBIoULoss', loss_weight=1.0,
                form='smoothed_giou' if improved else 'smoothed_log')
    return dict(
        num_classes=network.classes, in_channels=network.channels, feat_channels=network.channels,
        stacked_convs=network.convs, dcn_on_last_conv=network.tower_dcn,
        box_convention='pixel', location_offset='floor', conv_bias=True,
        regression='relu' if improved else 'exp',
        centerness=dict(position='reg' if improved else 'cls'),
        assigner=dict(center_sampling_radius=1.5 if improved else None),
        loss=dict(loss_bbox=loss, bbox_weight='centerness'),
        postprocess=dict(score='sqrt', rank_by='score', threshold_on='class_score',
                         clip='before_nms'))


def _test_pipeline() -> list[dict]:
    return testing_steps(
        dict(scale=(1333, 800), keep_ratio=True, rounding='official', backend='pillow'),
        load=dict(backend_args=None))
