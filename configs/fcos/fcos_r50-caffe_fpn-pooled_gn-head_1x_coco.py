# P6 and P7 without weights: every second location of the level below.
_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(neck=dict(add_extra_convs=False))
