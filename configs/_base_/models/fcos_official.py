# FCOS as the released code computes it: fcos_paper.py and what differs from the text.
_base_ = './fcos_paper.py'

model = dict(
    bbox_head=dict(
        box_convention='pixel',
        loss=dict(loss_bbox=dict(form='smoothed_log'), bbox_weight='centerness'),
        postprocess=dict(score='sqrt')),
    test_cfg=dict(nms=dict(iou_threshold=0.6, offset=1)))
