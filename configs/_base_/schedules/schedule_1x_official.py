# The released code: schedule_1x.py, but a constant warm-up, and every bias learns at twice the
# rate without weight decay. `bias_*_mult` leaves the rate of normalisation layers alone, so the
# group normalisation of the towers is named.
_base_ = './schedule_1x.py'

param_scheduler = [
    dict(type='ConstantLR', factor=1.0 / 3, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=90000,
        milestones=[60000, 80000],
        gamma=0.1)
]

optim_wrapper = dict(
    paramwise_cfg=dict(
        bias_lr_mult=2.,
        bias_decay_mult=0.,
        custom_keys={'gn.bias': dict(lr_mult=2., decay_mult=0.)}))
