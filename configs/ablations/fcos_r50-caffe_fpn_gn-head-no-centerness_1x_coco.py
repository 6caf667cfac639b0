# Without center-ness, neither trained nor used: AP 33.8 on minival (Tables 3 and 5).
_base_ = '../fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(bbox_head=dict(centerness=dict(branch=False, source='none')))
