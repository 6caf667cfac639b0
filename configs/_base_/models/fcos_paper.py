# FCOS with ResNet-50-FPN, as the paper's text says. Every choice that implementations make
# differently is written out here; docs/configs.md compares the three presets row by row.
model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[102.9801, 115.9465, 122.7717],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
        pad_size_divisor=32),
    backbone=dict(
        type='ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type='BN', requires_grad=False),
        norm_eval=True,
        style='caffe',
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://detectron/resnet50_caffe')),
    neck=dict(
        type='FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        add_extra_convs='on_output',  # P6 and P7 from P5
        relu_before_extra_convs=True,  # before P7 only, as in RetinaNet
        num_outs=5,
        init_cfg=dict(type='Caffe2Xavier', layer='Conv2d')),
    bbox_head=dict(
        type='FCOSHead',
        num_classes=80,
        in_channels=256,
        feat_channels=256,
        stacked_convs=4,
        strides=(8, 16, 32, 64, 128),
        location_offset='floor',
        regression='exp',
        box_convention='continuous',
        conv_bias=True,
        norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        centerness=dict(type='Centerness', source='branch', position='cls', num_convs=0),
        assigner=dict(
            type='FCOSAssigner',
            regress_ranges=((0, 64), (64, 128), (128, 256), (256, 512), (512, None)),  # None: no upper end
            range_bounds='inclusive',
            center_sampling_radius=None,
            crowd='drop'),
        loss=dict(
            type='FCOSLoss',
            loss_cls=dict(
                type='SigmoidFocalLoss', gamma=2.0, alpha=0.25, loss_weight=1.0),
            loss_bbox=dict(type='LTRBIoULoss', form='log', eps=1e-6, loss_weight=1.0),
            loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
            bbox_weight='none'),
        postprocess=dict(
            type='FCOSPostProcessor',
            score='product',
            rank_by='score',
            threshold_on='class_score',
            clip='before_nms')),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=100))
