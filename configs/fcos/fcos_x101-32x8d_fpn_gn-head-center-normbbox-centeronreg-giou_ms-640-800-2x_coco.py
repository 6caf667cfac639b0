# With the improvements of the released code, which reports AP 44.0 on minival.
_base_ = [
    './fcos_x101-32x8d_fpn_gn-head_ms-640-800-2x_coco.py',
    '../_base_/models/fcos_improvements.py'
]

model = dict(bbox_head={{_base_.improved_head}})
