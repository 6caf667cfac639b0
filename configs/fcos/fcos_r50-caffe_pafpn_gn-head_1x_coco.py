# The FPN followed by a way up (Path Aggregation Network).
_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(neck=dict(type='PAFPN'))
