# The baseline with mmdet's numerics: AP 36.6 on val2017.
_base_ = [
    '../_base_/models/fcos_mmdet.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x_mmdet.py', '../_base_/default_runtime.py'
]

train_dataloader = dict(sampler=dict(type='DefaultSampler', shuffle=True))
