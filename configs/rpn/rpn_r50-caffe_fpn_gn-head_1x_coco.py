# With group normalisation in the head: AR 44.7 at 100 and 56.9 at 1,000 proposals (Table 8).
_base_ = './rpn_r50-caffe_fpn_1x_coco.py'

model = dict(
    rpn_head=dict(
        type='NormedRPNHead', norm_cfg=dict(type='GN', num_groups=32, requires_grad=True)))
