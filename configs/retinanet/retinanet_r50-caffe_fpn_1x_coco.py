# What FCOS is compared with: AP 35.7 on minival (Table 4).
_base_ = [
    '../_base_/models/retinanet.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x.py', '../_base_/iter_runtime.py'
]
