# The baseline with AdelaiDet's numerics, which include the improvements: AP 38.7 on val2017.
_base_ = [
    '../_base_/models/fcos_adelaidet.py', '../_base_/datasets/coco_detection_pillow.py',
    '../_base_/schedules/schedule_1x_detectron2.py', '../_base_/iter_runtime.py'
]
