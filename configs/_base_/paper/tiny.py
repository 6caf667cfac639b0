# The paper's experiments on the generated dataset `shapes`, a few minutes a run on one CPU core.
# tools/paper.py puts this into the place of a config's own network sizes, data and schedule; what
# the paper compares (assignment, center-ness, levels, losses, normalisation) stays.
_base_ = ['../datasets/shapes_detection.py', '../default_runtime.py']

network = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[64.0, 64.0, 64.0], bgr_to_rgb=True),
    backbone=dict(
        type='CSPDarknet',
        deepen_factor=0.33,
        widen_factor=0.25,
        out_indices=(1, 2, 3, 4),
        norm_cfg=dict(type='BN', momentum=0.03, eps=0.001)),
    backbone_channels=[32, 64, 128, 256],
    channels=64,
    norm_groups=16,
    tower_convs=2,
    roi_channels=256,
    roi_samples=64,
    num_classes=6,
    # Regress ranges and anchors as a part of the paper's.
    object_size=0.375)

# The backbone first learns to classify boxes that are cut out: 64 * steps of them, of this side.
pretraining = dict(steps=800, side=48)
extra_keys = ['network', 'pretraining']  # read by tools/paper.py

max_epochs = 6
train_dataloader = dict(batch_size=8)
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=1000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0015, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0., bias_decay_mult=0.),
    clip_grad=dict(max_norm=10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=True, convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=1, max_keep_ckpts=1))
