# FCOS as detectron2 computes it: fcos_paper.py and what differs from the text. Checkpoints of
# detectron2's FCOS are converted to it (docs/convert.md).
_base_ = './fcos_paper.py'

model = dict(
    data_preprocessor=dict(mean=[103.530, 116.280, 123.675]),
    bbox_head=dict(
        scale=False,
        location_offset='half',
        regression='relu',
        centerness=dict(position='reg'),
        assigner=dict(range_bounds='strict', center_sampling_radius=1.5),
        loss=dict(
            loss_bbox=dict(_delete_=True, type='GIoULoss', eps=1e-7),
            normalizer='moving_average',
            averaged='all',
            momentum=0.9,
            initial=300.),
        postprocess=dict(score='sqrt', threshold_on='score', clip='after_nms')),
    test_cfg=dict(min_bbox_size=-1, score_thr=0.2, nms=dict(iou_threshold=0.6)))
