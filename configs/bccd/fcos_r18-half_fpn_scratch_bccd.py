# Blood cells from scratch on two CPU cores, with the improvements of the released code. See
# docs/custom_data.md for the commands.
_base_ = [
    '../_base_/models/fcos_paper.py', '../_base_/datasets/bccd_detection.py',
    '../_base_/iter_runtime.py'
]

model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        depth=18,
        base_channels=32,  # half of ResNet-18's
        frozen_stages=-1,
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch',
        init_cfg=None),  # from scratch
    neck=dict(
        in_channels=[32, 64, 128, 256], out_channels=96, add_extra_convs=False, num_outs=3),
    bbox_head=dict(
        num_classes=3,
        in_channels=96,
        feat_channels=96,
        stacked_convs=2,
        strides=(8, 16, 32),
        norm_cfg=dict(num_groups=12),
        regression='relu',
        centerness=dict(position='reg'),
        # At the size of the input half a platelet is about 10 pixels, half a red cell 27 and half
        # a white cell 50.
        assigner=dict(
            regress_ranges=((0, 24), (24, 48), (48, None)), center_sampling_radius=1.5),
        loss=dict(loss_bbox=dict(_delete_=True, type='GIoULoss', loss_weight=1.0))))

max_iters = 1000
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters,
        T_max=max_iters - 100, eta_min=1e-5)
]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=10))
auto_scale_lr = dict(enable=False, base_batch_size=8)

default_hooks = dict(checkpoint=dict(interval=500, max_keep_ckpts=2, save_best='coco/bbox_mAP_50'))
custom_hooks = [
    dict(
        type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=200, update_buffers=True)
]
randomness = dict(seed=0)
