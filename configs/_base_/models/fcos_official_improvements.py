# fcos_improvements.py with the GIoU of the released code, for the preset `official`.
_base_ = './fcos_improvements.py'

improved_head = dict(
    loss=dict(
        loss_bbox=dict(_delete_=True, type='LTRBIoULoss', form='smoothed_giou')))
