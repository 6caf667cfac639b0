# detectron2's and AdelaiDet's: schedule_1x.py, but 1,000 iterations of warm-up from a thousandth of
# the rate, and normalisation layers without weight decay.
_base_ = './schedule_1x.py'

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=90000,
        milestones=[60000, 80000],
        gamma=0.1)
]

optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mult=0.))
