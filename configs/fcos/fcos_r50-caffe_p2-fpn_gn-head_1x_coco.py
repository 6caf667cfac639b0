# P2 to P6 for small objects: strides from 4, and half the regress ranges.
_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(
    neck=dict(start_level=0),
    bbox_head=dict(
        strides=(4, 8, 16, 32, 64),
        assigner=dict(
            regress_ranges=((0, 32), (32, 64), (64, 128), (128, 256), (256, None)))))
