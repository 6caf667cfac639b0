_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'
stages = [(1, 'BOTTLENECK', (64, )), (1, 'BASIC', (18, 36)), (4, 'BASIC', (18, 36, 72)),
          (3, 'BASIC', (18, 36, 72, 144))]  # modules, block, channels of the branches
extra = {f'stage{i}': dict(num_modules=m, block=b, num_channels=c, num_branches=len(c),
                           num_blocks=(4, ) * len(c)) for i, (m, b, c) in enumerate(stages, 1)}
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True, type='HRNet', extra=extra, norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://msra/hrnetv2_w18')),
    neck=dict(_delete_=True, type='HRFPN', in_channels=[18, 36, 72, 144], out_channels=256,
              stride=2, num_outs=5))
