# A small FCOS, trained from scratch on `shapes` in minutes on two CPU cores.
_base_ = ['../_base_/datasets/shapes_detection.py', '../_base_/default_runtime.py']

model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[64.0, 64.0, 64.0],
        bgr_to_rgb=True,
        pad_size_divisor=32),
    # A CSPDarknet of a quarter of the width, every layer trained.
    backbone=dict(
        type='CSPDarknet',
        deepen_factor=0.33,
        widen_factor=0.25,
        out_indices=(2, 3, 4),
        norm_cfg=dict(type='BN', momentum=0.03, eps=0.001)),
    neck=dict(type='FPN', in_channels=[64, 128, 256], out_channels=64, num_outs=3),
    bbox_head=dict(
        type='FCOSHead',
        num_classes=6,
        in_channels=64,
        feat_channels=64,
        stacked_convs=2,
        strides=(8, 16, 32),
        regression='relu',
        norm_cfg=dict(type='GN', num_groups=16, requires_grad=True),
        centerness=dict(type='Centerness', position='reg'),
        assigner=dict(
            type='FCOSAssigner',
            regress_ranges=((0, 24), (24, 48), (48, None)),
            center_sampling_radius=1.5,
            crowd='ignore'),
        loss=dict(
            type='FCOSLoss',
            loss_bbox=dict(type='GIoULoss')),
        # RetinaNet's small weights are for towers on a pretrained backbone. From scratch the towers
        # learn sooner with He's initialisation; the prediction layers keep theirs.
        init_cfg=dict(
            type='Kaiming',
            layer='Conv2d',
            distribution='normal',
            override=[
                dict(type='Normal', name='conv_cls', std=0.01, bias_prob=0.01),
                dict(type='Normal', name='conv_reg', std=0.01),
                dict(type='Normal', name='conv_centerness', std=0.01)
            ])),
    test_cfg=dict(
        nms_pre=200,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.6),
        max_per_img=100))

# Validated once, after the last epoch. The schedule ends with the training, so that
# `--cfg-options train_cfg.max_epochs=40` is all that longer training takes.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=18, val_interval=1000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.003, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.),
    clip_grad=dict(max_norm=10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(
        type='PolyLR', power=1.0, eta_min=0.0, by_epoch=True, convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=6, max_keep_ckpts=2))
