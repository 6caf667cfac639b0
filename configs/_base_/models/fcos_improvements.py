# The improvements of the released code, to be put on top of any preset:
#
#   _base_ = ['./some_config.py', '../_base_/models/fcos_improvements.py']
#   model = dict(bbox_head={{_base_.improved_head}})
improved_head = dict(
    regression='relu',
    centerness=dict(position='reg'),
    assigner=dict(center_sampling_radius=1.5),
    loss=dict(loss_bbox=dict(_delete_=True, type='mmdet.GIoULoss', loss_weight=1.0)))

# The same with deformable convolutions: in the stages C3 to C5 and in the last layer of the towers.
deformable_head = dict(dcn_on_last_conv=True)
deformable_backbone = dict(
    dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
    stage_with_dcn=(False, True, True, True))
