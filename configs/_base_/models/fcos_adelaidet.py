# FCOS as AdelaiDet computes it: fcos_paper.py and what differs from the text. AdelaiDet's published
# FCOS checkpoints are converted to it (docs/convert.md).
_base_ = './fcos_paper.py'

model = dict(
    data_preprocessor=dict(mean=[103.530, 116.280, 123.675]),
    bbox_head=dict(
        regression='relu',
        centerness=dict(position='reg'),
        assigner=dict(center_sampling_radius=1.5),
        loss=dict(loss_bbox=dict(form='smoothed_giou'), bbox_weight='centerness'),
        postprocess=dict(score='sqrt', clip='after_nms')),
    test_cfg=dict(min_bbox_size=-1, nms=dict(iou_threshold=0.6)))
