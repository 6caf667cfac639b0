_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'
weights = ('https://github.com/SwinTransformer/storage/releases/download/v1.0.0/'
           'swin_tiny_patch4_window7_224.pth')
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True, type='SwinTransformer', embed_dims=96, depths=[2, 2, 6, 2],
        num_heads=[3, 6, 12, 24], window_size=7, drop_path_rate=0.2, out_indices=(1, 2, 3),
        convert_weights=True, init_cfg=dict(type='Pretrained', checkpoint=weights)),
    neck=dict(in_channels=[192, 384, 768], start_level=0))
no_decay = dict.fromkeys(['absolute_pos', 'relative_position', 'norm'], dict(decay_mult=0.))
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.0001, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=no_decay))
