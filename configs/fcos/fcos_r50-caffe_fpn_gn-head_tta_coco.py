# The baseline, for tests with `--tta`.
_base_ = ['./fcos_r50-caffe_fpn_gn-head_1x_coco.py', '../_base_/tta.py']
