# Twice the iterations (Section 4.2).
_base_ = './schedule_1x.py'

train_cfg = dict(max_iters=180000)

param_scheduler = [
    dict(type='LinearLR', start_factor=1.0 / 3, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=180000,
        milestones=[120000, 160000],
        gamma=0.1)
]
