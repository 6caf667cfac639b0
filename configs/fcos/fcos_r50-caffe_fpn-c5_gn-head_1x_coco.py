# P6 from C5 instead of P5, as in RetinaNet: AP 36.4 on minival (Table 4).
_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(neck=dict(add_extra_convs='on_input'))
