# FCOS-RT, the real-time models of AdelaiDet: three levels for small images, with AdelaiDet's
# numerics. The backbone trains all its batch normalisation.
_base_ = './fcos_paper.py'

model = dict(
    data_preprocessor=dict(mean=[103.53, 116.28, 123.675]),
    neck=dict(add_extra_convs=False, num_outs=3),
    bbox_head=dict(
        strides=(8, 16, 32),
        regression='relu',
        centerness=dict(position='reg'),
        assigner=dict(
            regress_ranges=((0, 64), (64, 128), (128, None)), center_sampling_radius=1.5),
        loss=dict(loss_bbox=dict(form='smoothed_giou'), bbox_weight='centerness'),
        postprocess=dict(score='sqrt', clip='after_nms')),
    test_cfg=dict(nms=dict(iou_threshold=0.6)))
