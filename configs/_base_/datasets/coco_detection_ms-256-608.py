# FCOS-RT: the shorter side is one of twelve sizes in training, 512 in testing. Images are resized
# as detectron2 does, as AdelaiDet trains these models.
_base_ = './coco_detection.py'

train_pipeline = [
    dict(type='LoadImageFromFile', backend_args={{_base_.backend_args}}),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomChoiceResize',
        scales=[(900, 256), (900, 288), (900, 320), (900, 352), (900, 384), (900, 416),
                (900, 448), (900, 480), (900, 512), (900, 544), (900, 576), (900, 608)],
        keep_ratio=True,
        backend='pillow',
        rounding='detectron2'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args={{_base_.backend_args}}),
    dict(type='Resize', scale=(736, 512), keep_ratio=True, backend='pillow', rounding='detectron2'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
