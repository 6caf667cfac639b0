# FCOS-RT with ResNet-50: AP 40.2 on minival (AdelaiDet).
_base_ = [
    '../_base_/models/fcos_rt.py', '../_base_/datasets/coco_detection_ms-256-608.py',
    '../_base_/schedules/schedule_4x.py', '../_base_/iter_runtime.py'
]

sync_bn = 'torch'  # on GPUs
model = dict(backbone=dict(norm_cfg=dict(requires_grad=True), norm_eval=False))
