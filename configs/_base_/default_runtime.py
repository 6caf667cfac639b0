# Everything that is not the model, the data or the schedule. Counts in epochs; iter_runtime.py
# is the same counting in iterations.
default_scope = 'fcos_mm'
custom_imports = dict(imports=['fcos_mm'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # also every 10 minutes, and when a cluster stops the run: docs/reliability.md
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3, minutes=10),
    # on a terminal; in files and pipes there are the lines of the logger alone
    progress=dict(type='ProgressHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='DetVisualizationHook'),
    # docs/speed.md: how training is sped up, off unless asked for, and the options of the copy of
    # the network on which detection runs, and tests with --fast.
    fast_training=dict(type='FastTrainingHook'),
    fast_inference=dict(type='FastInferenceHook', enabled=False, options=dict()),
    # docs/reliability.md: a loss that is not finite stops the training (or action='skip'), images
    # that cannot be read are replaced and counted.
    non_finite=dict(type='NonFiniteHook', action='stop', max_skips=10),
    unreadable=dict(type='UnreadableImageHook', limit=0.01),
    # docs/scale.md: of several processes one that stalls ends the run.
    watchdog=dict(type='WatchdogHook', stall_seconds=40, slow_seconds=1800))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='DetLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(
    type='LogProcessor',
    window_size=50,
    by_epoch=True,
    mean_pattern=r'.*(loss|time|data_time|grad_norm|above_floor).*')

log_level = 'INFO'
load_from = None
resume = False
