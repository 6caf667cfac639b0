# Proposals from anchors: AR 43.3 at 100 and 56.9 at 1,000 proposals an image (Table 8).
_base_ = [
    '../_base_/models/rpn.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x.py', '../_base_/iter_runtime.py'
]

optim_wrapper = dict(optimizer=dict(lr=0.02))
val_evaluator = dict(metric='proposal')
test_evaluator = dict(metric='proposal')
