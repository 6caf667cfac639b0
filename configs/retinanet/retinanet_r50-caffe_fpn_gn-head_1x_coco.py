# With group normalisation in its towers, as FCOS has it: AP 36.1 on minival (Table 4).
_base_ = './retinanet_r50-caffe_fpn_1x_coco.py'

model = dict(
    bbox_head=dict(norm_cfg=dict(type='GN', num_groups=32, requires_grad=True)))
