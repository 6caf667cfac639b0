# FCOS-RT with DLA-34: AP 40.3 on minival (AdelaiDet).
_base_ = [
    '../_base_/models/fcos_rt.py', '../_base_/datasets/coco_detection_ms-256-608.py',
    '../_base_/schedules/schedule_4x.py', '../_base_/iter_runtime.py'
]

sync_bn = 'torch'  # on GPUs
model = dict(
    backbone=dict(
        _delete_=True,
        type='DLA',
        depth=34,
        out_indices=(1, 2, 3),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://dl.yf.io/dla/models/imagenet/dla34-ba72cf86.pth')),
    neck=dict(in_channels=[128, 256, 512], start_level=0))
