# Batch normalisation in the towers, with statistics of each level: AP 39.3 on minival (AdelaiDet).
_base_ = './fcos-rt_r50-caffe_fpn_gn-head_ms-256-608-4x_coco.py'

model = dict(
    bbox_head=dict(norm_cfg=dict(_delete_=True, type='BN'), norm_per_level=True))
