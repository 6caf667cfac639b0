# The learned IoU of the predicted box in place of center-ness.
_base_ = '../fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(bbox_head=dict(centerness=dict(_delete_=True, type='IoUQuality')))
