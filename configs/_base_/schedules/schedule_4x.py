# Four times the iterations, as FCOS-RT, in AdelaiDet's schedule.
_base_ = './schedule_1x_detectron2.py'

train_cfg = dict(max_iters=360000)

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=360000,
        milestones=[300000, 340000],
        gamma=0.1)
]
