# Proposals ranked by the class score alone: AR 48.0 at 100 and 59.3 at 1,000 (Table 8).
_base_ = './fcos-rpn_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(rpn_head=dict(centerness=dict(type='Centerness', branch=False, source='none')))
