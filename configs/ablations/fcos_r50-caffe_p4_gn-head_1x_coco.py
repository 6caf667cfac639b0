# Without multi-level prediction: P4 alone, made from C4 alone, answers for boxes of every size.
# AP 18.5 on minival, without center-ness (Table 3); its assignment is that of Tables 1 and 2.
_base_ = './fcos_r50-caffe_fpn_gn-head-no-centerness_1x_coco.py'

model = dict(
    backbone=dict(num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(0, 1, 2)),
    neck=dict(in_channels=[256, 512, 1024], start_level=2, add_extra_convs=False, num_outs=1),
    bbox_head=dict(strides=(16, ), assigner=dict(regress_ranges=((0, None), ))))
