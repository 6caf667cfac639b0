# FCOS-RT, the real-time models of AdelaiDet: its preset on three levels, for small images. The
# backbone trains all its batch normalisation.
_base_ = './fcos_adelaidet.py'

model = dict(
    neck=dict(add_extra_convs=False, num_outs=3),
    bbox_head=dict(
        strides=(8, 16, 32),
        assigner=dict(regress_ranges=((0, 64), (64, 128), (128, None)))))
