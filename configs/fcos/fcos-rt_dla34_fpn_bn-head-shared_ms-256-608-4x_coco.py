# Shared convolutions with batch normalisation of each level: AP 38.9 on minival (AdelaiDet).
_base_ = './fcos-rt_dla34_fpn_bn-head_ms-256-608-4x_coco.py'

model = dict(bbox_head=dict(shared_convs=4, stacked_convs=0))
