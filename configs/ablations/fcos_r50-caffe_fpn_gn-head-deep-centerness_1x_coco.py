# A center-ness branch as deep as the towers: AP 36.8 on minival (Section 4.1.2).
_base_ = '../fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(bbox_head=dict(centerness=dict(num_convs=4)))
