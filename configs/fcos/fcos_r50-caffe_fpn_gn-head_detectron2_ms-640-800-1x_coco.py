# The baseline with detectron2's numerics, which include the improvements.
_base_ = [
    '../_base_/models/fcos_detectron2.py', '../_base_/datasets/coco_detection_pillow.py',
    '../_base_/schedules/schedule_1x_detectron2.py', '../_base_/iter_runtime.py'
]

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args={{_base_.backend_args}}),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomChoiceResize',
        scales=[(1333, 640), (1333, 672), (1333, 704), (1333, 736), (1333, 768), (1333, 800)],
        keep_ratio=True,
        backend='pillow',
        rounding='detectron2'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
