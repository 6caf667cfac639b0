"""The config that ``kill_resume.py`` trains.

A very small FCOS on `shapes` with everything that a resumed run has to bring
along: stochastic depth (random numbers of the main process), augmentation
(those of the workers), schedules, averaged weights, the best score.
"""
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What differs between the loops. Epochs have 6 iterations, checkpoints come
# every 5 iterations, or every epoch and every 2 seconds.
LOOPS = dict(
    iter=dict(
        runtime='iter_runtime.py',
        sampler='InfiniteSampler',
        batch_sampler="dict(type='AspectRatioBatchSampler')",
        train_cfg="dict(type='IterBasedTrainLoop', max_iters={iterations}, val_interval=7)",
        steps='by_epoch=False, milestones=[12, 18]',
        checkpoint='interval=5'),
    epoch=dict(
        runtime='default_runtime.py',
        sampler='DefaultSampler',
        batch_sampler='None',
        train_cfg="dict(type='EpochBasedTrainLoop', max_epochs={epochs}, val_interval=2)",
        steps='by_epoch=True, milestones=[2, 3]',
        checkpoint='interval=1, minutes=1 / 30'))
IMAGES = 12
BATCH_SIZE = 2
LONGEST_LOSS = dict(iter=5, epoch=6)  # iterations between two checkpoints, at most

_CONFIG = '''
_base_ = ['{root}/configs/_base_/datasets/shapes_detection.py',
          '{root}/configs/_base_/{runtime}']

model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[127.5] * 3, std=[64.0] * 3, pad_size_divisor=32),
    backbone=dict(
        type='PyramidVisionTransformerV2', embed_dims=8, num_layers=[1, 1, 1, 1],
        num_heads=[1, 2, 5, 8], drop_path_rate=0.3, drop_rate=0.1, out_indices=(1, 2, 3)),
    neck=dict(type='FPN', in_channels=[16, 40, 64], out_channels=16, num_outs=3),
    bbox_head=dict(
        type='FCOSHead', num_classes=6, in_channels=16, feat_channels=16, stacked_convs=1,
        strides=(8, 16, 32), norm_cfg=dict(type='GN', num_groups=4, requires_grad=True),
        assigner=dict(
            type='FCOSAssigner', regress_ranges=((0, 24), (24, 48), (48, 1e8)))),
    test_cfg=dict(
        nms_pre=50, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.6), max_per_img=10))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=[(64, 64), (96, 96)], keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackDetInputs')
]
train_dataloader = dict(
    batch_size=2, num_workers={workers}, persistent_workers={workers} > 0, drop_last=False,
    sampler=dict(type='{sampler}', shuffle=True),
    batch_sampler={batch_sampler},
    dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
# a net this small finds a box long before its average precision is above 0
val_evaluator = dict(metric='proposal')

train_cfg = {train_cfg}
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=7),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=7, end=1000, T_max=993),
    dict(type='MultiStepLR', {steps}, gamma=0.5)
]
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.05),
    clip_grad=dict(max_norm=10))
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict({checkpoint}, max_keep_ckpts=2, save_best='coco/AR@100'))
custom_hooks = [dict(type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.01, update_buffers=True)]
'''


def write_config(path: Path, *, loop: str, iterations: int, workers: int) -> None:
    """Write the config.

    Args:
        path: The file to write.
        loop: ``'iter'`` or ``'epoch'``.
        iterations: How long to train.
        workers: Processes that load images.
    """
    parts = dict(LOOPS[loop])
    epochs = -(-iterations * BATCH_SIZE // IMAGES)
    parts['train_cfg'] = parts['train_cfg'].format(iterations=iterations, epochs=epochs)
    path.write_text(_CONFIG.format(root=ROOT, workers=workers, **parts))
