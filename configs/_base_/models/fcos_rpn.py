# FCOS in place of the anchors of a region proposal network (Section 5). Everything else is the RPN
# of FPN: levels P2 to P6, P6 by max-pooling, NMS 0.7, 1,000 proposals an image.
model = dict(
    type='RPN',
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
        num_outs=5,
        init_cfg=dict(type='Caffe2Xavier', layer='Conv2d')),
    rpn_head=dict(
        type='FCOSHead',
        num_classes=1,
        in_channels=256,
        strides=(4, 8, 16, 32, 64),
        conv_bias=True),
    train_cfg=dict(rpn=None),
    test_cfg=dict(
        rpn=dict(
            nms_pre=2000,
            min_bbox_size=0,
            score_thr=0.0,
            nms=dict(type='nms', iou_threshold=0.7),
            max_per_img=1000)))
