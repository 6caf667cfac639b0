# The paper's experiments on BCCD, 364 images of blood cells: real data, at most 17 minutes a
# training on two CPU cores (docs/paper.md). How it is used: see tiny.py.
_base_ = ['../datasets/bccd_detection.py', '../iter_runtime.py']

network = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        type='ResNet',
        depth=18,
        base_channels=32,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=False,
        style='pytorch'),
    backbone_channels=[32, 64, 128, 256],
    channels=96,
    norm_groups=12,
    tower_convs=2,
    roi_channels=256,
    roi_samples=128,
    num_classes=3,
    object_size=0.375)

pretraining = dict(steps=400, side=48)
extra_keys = ['network', 'pretraining']  # read by tools/paper.py

max_iters = 800
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters + 1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=100, end=max_iters,
        T_max=max_iters - 100, eta_min=1e-5)
]
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=1))
custom_hooks = [
    dict(
        type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=200, update_buffers=True)
]
