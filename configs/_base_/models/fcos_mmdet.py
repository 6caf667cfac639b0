# FCOS as mmdet computes it: fcos_paper.py and what differs from the text. mmdet's published FCOS
# checkpoints load into it.
_base_ = './fcos_paper.py'

model = dict(
    neck=dict(
        init_cfg=dict(
            _delete_=True, type='Xavier', layer='Conv2d', distribution='uniform')),
    bbox_head=dict(
        location_offset='half',
        conv_bias='auto',
        loss=dict(bbox_weight='centerness'),
        postprocess=dict(rank_by='class_score')))
