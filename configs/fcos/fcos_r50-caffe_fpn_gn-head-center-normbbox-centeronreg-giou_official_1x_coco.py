# The improvements on the released code's own numerics: AP 38.7 on minival.
_base_ = [
    './fcos_r50-caffe_fpn_gn-head_official_1x_coco.py',
    '../_base_/models/fcos_official_improvements.py'
]

model = dict(bbox_head={{_base_.improved_head}})
