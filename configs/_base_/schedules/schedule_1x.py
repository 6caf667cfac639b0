# Section 4, "Training Details": SGD, 90k iterations of 16 images, rate 0.01 divided by 10 at 60k
# and at 80k. The text refers to RetinaNet for the rest: a linear warm-up of 500 iterations.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=90000, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

param_scheduler = [
    dict(type='LinearLR', start_factor=1.0 / 3, by_epoch=False, begin=0, end=500),
    dict(
        type='MultiStepLR',
        by_epoch=False,
        begin=0,
        end=90000,
        milestones=[60000, 80000],
        gamma=0.1)
]

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001))

# `--auto-scale-lr` multiplies the rate by (your GPUs x images per GPU) / 16.
auto_scale_lr = dict(enable=False, base_batch_size=16)
