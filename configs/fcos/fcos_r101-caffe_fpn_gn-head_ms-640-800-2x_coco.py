# AP 41.0 on test-dev (Table 7).
_base_ = [
    '../_base_/models/fcos_paper.py', '../_base_/datasets/coco_detection_ms-640-800.py',
    '../_base_/schedules/schedule_2x.py', '../_base_/iter_runtime.py'
]

model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='open-mmlab://detectron/resnet101_caffe')))
