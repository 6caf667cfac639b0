# Faster R-CNN that takes its proposals from FCOS.
_base_ = [
    '../_base_/models/faster-rcnn_fcos-rpn.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x.py', '../_base_/iter_runtime.py'
]

optim_wrapper = dict(optimizer=dict(lr=0.02))
