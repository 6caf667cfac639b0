# The paper's baseline: AP 36.6 on minival (Table 4).
_base_ = [
    '../_base_/models/fcos_paper.py', '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1x.py', '../_base_/iter_runtime.py'
]
