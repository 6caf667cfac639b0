# The released code reports AP 43.0 on minival. The backbone was trained on RGB images.
_base_ = [
    '../_base_/models/fcos_paper.py', '../_base_/datasets/coco_detection_ms-640-800.py',
    '../_base_/schedules/schedule_2x.py', '../_base_/iter_runtime.py'
]

model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=64,
        base_width=4,
        style='pytorch',
        init_cfg=dict(checkpoint='open-mmlab://resnext101_64x4d')))
