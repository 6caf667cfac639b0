# The baseline with the released code's numerics: AP 37.1 on minival.
_base_ = [
    '../_base_/models/fcos_official.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x_official.py', '../_base_/iter_runtime.py'
]
