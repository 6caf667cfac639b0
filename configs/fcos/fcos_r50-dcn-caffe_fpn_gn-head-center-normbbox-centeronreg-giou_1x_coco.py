# With deformable convolutions as well; the released code reports AP 42.3 on minival.
_base_ = './fcos_r50-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_1x_coco.py'

model = dict(
    backbone={{_base_.deformable_backbone}}, bbox_head={{_base_.deformable_head}})
