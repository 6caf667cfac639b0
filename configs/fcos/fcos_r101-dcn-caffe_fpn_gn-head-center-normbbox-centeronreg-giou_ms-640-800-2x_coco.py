# With deformable convolutions as well; the released code reports AP 45.6 on minival.
_base_ = './fcos_r101-caffe_fpn_gn-head-center-normbbox-centeronreg-giou_ms-640-800-2x_coco.py'

model = dict(
    backbone={{_base_.deformable_backbone}}, bbox_head={{_base_.deformable_head}})
