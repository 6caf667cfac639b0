# A separate network that predicts center-ness alone, for any detector (end of Section 4.1.2). Its
# tower is as long as both towers of FCOS. docs/components.md shows how detectors use it.
_base_ = '../fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'

model = dict(
    type='CenternessNetwork',
    bbox_head=dict(
        _delete_=True,
        type='CenternessHead',
        in_channels=256,
        feat_channels=256,
        stacked_convs=8,
        strides=(8, 16, 32, 64, 128),
        location_offset='floor',
        box_convention='continuous',
        conv_bias=True,
        norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        assigner=dict(
            type='FCOSAssigner',
            regress_ranges=((0, 64), (64, 128), (128, 256), (256, 512), (512, None)),
            range_bounds='inclusive',
            center_sampling_radius=None,
            crowd='drop'),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)))

# It detects nothing: its validation measures the error of the center-ness.
val_evaluator = dict(_delete_=True, type='CenternessMetric')
test_evaluator = val_evaluator
