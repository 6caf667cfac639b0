# EfficientDet's BiFPN in place of the FPN.
_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'

sync_bn = 'torch'  # on GPUs
model = dict(
    neck=dict(
        _delete_=True,
        type='BiFPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        num_outs=5,
        num_repeats=3))
