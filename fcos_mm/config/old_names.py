"""What replaces the config keys and the types of mmdet 2 and mmcv 1.

Tables to look up: whoever meets a key or a type that is not known asks here for
the sentence that helps. A type listed here is not registered any more; one that
still is (``Pad``, ``Normalize``) is not an old name.
"""
from typing import NamedTuple


class NewPlace(NamedTuple):
    """Where an old key went.

    Attributes:
        key: The dotted key of today; what followed the old key follows it too
            unless ``whole``. Empty if nothing replaces it.
        how: What to write there, where the value changes its form.
        whole: Whether the keys below the old one have no counterpart.
    """

    key: str
    how: str = ''
    whole: bool = False

    def advice(self, value: str = '') -> str:
        """What to do, as a sentence.

        Args:
            value: The value that was given, if it is to be written there.
        """
        if not self.key:
            return f'Remove it: {self.how}.'
        if self.how:
            return f'Its place is {self.key}: {self.how}.'
        return f'Its place is {self.key}' + (f': write {self.key}={value}.' if value else '.')


_LOADERS = 'train_dataloader, val_dataloader and test_dataloader'
_SCHEDULE = NewPlace('param_scheduler', 'a list such as [dict(type="MultiStepLR", by_epoch=True, '
                     'milestones=[8, 11], gamma=0.1)]', whole=True)

#: Old dotted keys; the longest that a key starts with counts.
OLD_KEYS: dict[str, NewPlace] = {
    'optimizer': NewPlace('optim_wrapper.optimizer'),
    'optimizer.paramwise_cfg': NewPlace('optim_wrapper.paramwise_cfg'),
    'optimizer.constructor': NewPlace('optim_wrapper.constructor'),
    'optimizer_config': NewPlace('optim_wrapper', 'clip_grad=dict(max_norm=...), '
                                 'accumulative_counts=...', whole=True),
    'optimizer_config.grad_clip': NewPlace('optim_wrapper.clip_grad'),
    'lr_config': _SCHEDULE,
    'lr_config.step': NewPlace('param_scheduler', 'the milestones of its MultiStepLR', whole=True),
    'lr_config.warmup_iters': NewPlace('param_scheduler', 'the end of its LinearLR', whole=True),
    'lr_config.warmup_ratio': NewPlace('param_scheduler', 'the start_factor of its LinearLR',
                                       whole=True),
    'momentum_config': NewPlace('param_scheduler', 'a list with a momentum scheduler such as '
                                'dict(type="LinearMomentum", ...)', whole=True),
    'runner': NewPlace('train_cfg'),
    'runner.type': NewPlace('train_cfg.type', 'EpochBasedTrainLoop or IterBasedTrainLoop'),
    'total_epochs': NewPlace('train_cfg.max_epochs'),
    'total_iters': NewPlace('train_cfg.max_iters'),
    'data': NewPlace(_LOADERS, whole=True),
    'data.samples_per_gpu': NewPlace('train_dataloader.batch_size'),
    'data.imgs_per_gpu': NewPlace('train_dataloader.batch_size'),
    'data.workers_per_gpu': NewPlace('train_dataloader.num_workers'),
    'data.persistent_workers': NewPlace('train_dataloader.persistent_workers'),
    'data.train_dataloader': NewPlace('train_dataloader'),
    'data.val_dataloader': NewPlace('val_dataloader'),
    'data.test_dataloader': NewPlace('test_dataloader'),
    'evaluation': NewPlace('val_evaluator, and train_cfg.val_interval', whole=True),
    'evaluation.interval': NewPlace('train_cfg.val_interval'),
    'evaluation.metric': NewPlace('val_evaluator.metric'),
    'evaluation.classwise': NewPlace('val_evaluator.classwise'),
    'evaluation.save_best': NewPlace('default_hooks.checkpoint.save_best'),
    'checkpoint_config': NewPlace('default_hooks.checkpoint'),
    'log_config': NewPlace('default_hooks.logger'),
    'log_config.hooks': NewPlace('visualizer.vis_backends', '[dict(type="LocalVisBackend"), '
                                 'dict(type="TensorboardVisBackend")]', whole=True),
    'timer_config': NewPlace('default_hooks.timer'),
    'workflow': NewPlace('', 'training alternates with validation by train_cfg.val_interval'),
    'dist_params': NewPlace('env_cfg.dist_cfg'),
    'cudnn_benchmark': NewPlace('env_cfg.cudnn_benchmark'),
    'mp_start_method': NewPlace('env_cfg.mp_cfg.mp_start_method'),
    'opencv_num_threads': NewPlace('env_cfg.mp_cfg.opencv_num_threads'),
    'seed': NewPlace('randomness.seed'),
    'deterministic': NewPlace('randomness.deterministic'),
    'diff_seed': NewPlace('randomness.diff_rank_seed'),
    'fp16': NewPlace('optim_wrapper', 'type="AmpOptimWrapper", or the option --amp', whole=True),
    'resume_from': NewPlace('load_from', 'the checkpoint, with resume=True, or the option '
                            '--resume CHECKPOINT'),
    'auto_resume': NewPlace('resume', 'True, or the option --resume'),
    'no_validate': NewPlace('val_cfg, val_dataloader and val_evaluator', 'None, for all three',
                            whole=True),
    'gpu_ids': NewPlace('', 'tools/dist_train.sh CONFIG NUMBER_OF_GPUS says how many GPUs train'),
    'gpus': NewPlace('', 'tools/dist_train.sh CONFIG NUMBER_OF_GPUS says how many GPUs train'),
    'img_norm_cfg': NewPlace('model.data_preprocessor', 'mean=..., std=..., bgr_to_rgb=...',
                             whole=True),
    'img_norm_cfg.mean': NewPlace('model.data_preprocessor.mean'),
    'img_norm_cfg.std': NewPlace('model.data_preprocessor.std'),
    'img_norm_cfg.to_rgb': NewPlace('model.data_preprocessor.bgr_to_rgb'),
    'model.pretrained': NewPlace('model.backbone.init_cfg', 'dict(type="Pretrained", '
                                 'checkpoint=...)', whole=True),
}
for _split in ('train', 'val', 'test'):
    OLD_KEYS[f'data.{_split}'] = NewPlace(f'{_split}_dataloader.dataset')
    OLD_KEYS[f'data.{_split}.img_prefix'] = NewPlace(f'{_split}_dataloader.dataset.data_prefix.img')
    OLD_KEYS[f'data.{_split}.classes'] = NewPlace(f'{_split}_dataloader.dataset.metainfo.classes')
    OLD_KEYS[f'data.{_split}.samples_per_gpu'] = NewPlace(f'{_split}_dataloader.batch_size')

#: Old names of arguments, wherever they are found, and what to write instead.
OLD_ARGUMENTS: dict[str, str] = {
    'samples_per_gpu': 'batch_size',
    'imgs_per_gpu': 'batch_size',
    'workers_per_gpu': 'num_workers',
    'img_prefix': 'data_prefix=dict(img=...)',
    'seg_prefix': 'data_prefix=dict(seg=...)',
    'classes': 'metainfo=dict(classes=...)',
    'pretrained': "init_cfg=dict(type='Pretrained', checkpoint=...) of the backbone",
    'flip_ratio': 'prob',
    'img_scale': 'scale, one (width, height); for several use RandomResize or RandomChoiceResize',
    'multiscale_mode': "RandomResize ('range') or RandomChoiceResize ('value') as the type",
    'to_rgb': 'bgr_to_rgb of model.data_preprocessor',
    'use_sigmoid_cls': 'use_sigmoid of loss_cls',
    'anchor_scales': 'anchor_generator=dict(scales=...)',
    'octave_base_scale': 'anchor_generator=dict(octave_base_scale=...)',
}

_PACKED = 'PackDetInputs as the last transform, in place of all of them'
_NORMALISED = 'model.data_preprocessor'
_BACKENDS = 'visualizer.vis_backends'
_EMA = "EMAHook with ema_type='ExpMomentumEMA' in custom_hooks"

#: Old names of types, and what replaces each.
OLD_TYPES: dict[str, str] = {
    # transforms
    'DefaultFormatBundle': _PACKED,
    'Collect': 'PackDetInputs as the last transform; its meta_keys choose what is kept',
    'ToDataContainer': _PACKED,
    'BrightnessTransform': 'Brightness',
    'ContrastTransform': 'Contrast',
    'EqualizeTransform': 'Equalize',
    'Shear': 'ShearX and ShearY',
    'Translate': 'TranslateX and TranslateY',
    # data
    'CustomDataset': 'BaseDetDataset, or CocoDataset for files in COCO format',
    'GroupSampler': 'batch_sampler=dict(type="AspectRatioBatchSampler") of the data loader',
    'DistributedGroupSampler': 'batch_sampler=dict(type="AspectRatioBatchSampler") of the data '
                               'loader',
    'DistributedSampler': 'DefaultSampler',
    'InfiniteGroupBatchSampler': 'InfiniteSampler, with batch_sampler=dict('
                                 'type="AspectRatioBatchSampler") of the data loader',
    'InfiniteBatchSampler': 'InfiniteSampler',
    # runners and hooks
    'EpochBasedRunner': "train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=...)",
    'IterBasedRunner': "train_cfg=dict(type='IterBasedTrainLoop', max_iters=...)",
    'OptimizerHook': 'optim_wrapper',
    'Fp16OptimizerHook': "optim_wrapper=dict(type='AmpOptimWrapper'), or the option --amp",
    'GradientCumulativeOptimizerHook': 'optim_wrapper.accumulative_counts',
    'GradientCumulativeFp16OptimizerHook': "optim_wrapper=dict(type='AmpOptimWrapper', "
                                           'accumulative_counts=...)',
    'DefaultOptimizerConstructor': 'DefaultOptimWrapperConstructor',
    'StepLrUpdaterHook': 'MultiStepLR in param_scheduler',
    'CosineAnnealingLrUpdaterHook': 'CosineAnnealingLR in param_scheduler',
    'PolyLrUpdaterHook': 'PolyLR in param_scheduler',
    'YOLOXLrUpdaterHook': 'QuadraticWarmupLR and CosineAnnealingLR in param_scheduler',
    'TextLoggerHook': 'LoggerHook, which default_hooks.logger is',
    'TensorboardLoggerHook': f"dict(type='TensorboardVisBackend') in {_BACKENDS}",
    'WandbLoggerHook': f"dict(type='WandbVisBackend') in {_BACKENDS}",
    'MMDetWandbHook': f"dict(type='WandbVisBackend') in {_BACKENDS}",
    'MlflowLoggerHook': f"dict(type='MLflowVisBackend') in {_BACKENDS}",
    'EvalHook': 'val_evaluator, every train_cfg.val_interval',
    'DistEvalHook': 'val_evaluator, every train_cfg.val_interval',
    'ExpMomentumEMAHook': _EMA,
    'LinearMomentumEMAHook': _EMA,
    'SyncRandomSizeHook': "batch_augments=[dict(type='BatchSyncRandomResize', ...)] of "
                          f'{_NORMALISED}',
}

#: Transforms that are registered still, but that no pipeline of today can hold.
OLD_TRANSFORMS: dict[str, str] = {
    'ImageToTensor': _PACKED,
    'ToTensor': _PACKED,
    'Transpose': _PACKED,
    'WrapFieldsToLists': 'nothing in its place',
    'MultiScaleFlipAug': 'the transforms themselves, and TestTimeAug in tta_pipeline for several '
                         'views (--tta)',
}


def new_place(key: str) -> NewPlace | None:
    """Where the setting of an old key is written today.

    Args:
        key: A dotted key, e.g. ``'optimizer.lr'``.

    Returns:
        The place, its key complete (``'optim_wrapper.optimizer.lr'``); None if
        the key is not one of mmdet 2.
    """
    parts = key.split('.')
    for count in range(len(parts), 0, -1):
        place = OLD_KEYS.get('.'.join(parts[:count]))
        if place is not None:
            tail = [] if place.whole or not place.key else parts[count:]
            return place._replace(key='.'.join([place.key, *tail]))
    return None
