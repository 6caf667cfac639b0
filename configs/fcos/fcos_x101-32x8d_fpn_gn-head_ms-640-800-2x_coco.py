# AP 42.1 on test-dev (Table 7). The backbone was trained on BGR images with its own deviations.
_base_ = [
    '../_base_/models/fcos_paper.py', '../_base_/datasets/coco_detection_ms-640-800.py',
    '../_base_/schedules/schedule_2x.py', '../_base_/iter_runtime.py'
]

model = dict(
    data_preprocessor=dict(mean=[103.530, 116.280, 123.675], std=[57.375, 57.120, 58.395]),
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=32,
        base_width=8,
        style='pytorch',
        init_cfg=dict(checkpoint='open-mmlab://detectron2/resnext101_32x8d')))
