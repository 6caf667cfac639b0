"""Replacements for the config keys, arguments and types of mmdet 2 and mmcv 1."""
from typing import NamedTuple


class NewPlace(NamedTuple):
    """The key that replaces an old one, empty if none does, and how its value changes."""

    key: str
    how: str = ''

    def advice(self, value: str = '') -> str:
        """What to do, as a sentence; with ``value`` as what to write there."""
        if not self.key:
            return f'Remove it: {self.how}.'
        if self.how:
            return f'Its place is {self.key}: {self.how}.'
        return f'Its place is {self.key}' + (f': write {self.key}={value}.' if value else '.')


# What followed the old key follows the new one too.
_MOVED = {
    'optimizer': 'optim_wrapper.optimizer',
    'optimizer.paramwise_cfg': 'optim_wrapper.paramwise_cfg',
    'optimizer.constructor': 'optim_wrapper.constructor',
    'optimizer_config.grad_clip': 'optim_wrapper.clip_grad',
    'runner': 'train_cfg',
    'total_epochs': 'train_cfg.max_epochs',
    'total_iters': 'train_cfg.max_iters',
    'data': 'train_dataloader, val_dataloader and test_dataloader',
    'data.samples_per_gpu': 'train_dataloader.batch_size',
    'data.imgs_per_gpu': 'train_dataloader.batch_size',
    'data.workers_per_gpu': 'train_dataloader.num_workers',
    'data.persistent_workers': 'train_dataloader.persistent_workers',
    'evaluation': 'val_evaluator, and train_cfg.val_interval',
    'evaluation.interval': 'train_cfg.val_interval',
    'evaluation.metric': 'val_evaluator.metric',
    'evaluation.classwise': 'val_evaluator.classwise',
    'evaluation.save_best': 'default_hooks.checkpoint.save_best',
    'checkpoint_config': 'default_hooks.checkpoint',
    'log_config': 'default_hooks.logger',
    'timer_config': 'default_hooks.timer',
    'dist_params': 'env_cfg.dist_cfg',
    'cudnn_benchmark': 'env_cfg.cudnn_benchmark',
    'mp_start_method': 'env_cfg.mp_cfg.mp_start_method',
    'opencv_num_threads': 'env_cfg.mp_cfg.opencv_num_threads',
    'seed': 'randomness.seed',
    'deterministic': 'randomness.deterministic',
    'diff_seed': 'randomness.diff_rank_seed',
    'img_norm_cfg.mean': 'model.data_preprocessor.mean',
    'img_norm_cfg.std': 'model.data_preprocessor.std',
    'img_norm_cfg.to_rgb': 'model.data_preprocessor.bgr_to_rgb',
}
for _split in ('train', 'val', 'test'):
    _MOVED[f'data.{_split}_dataloader'] = f'{_split}_dataloader'
    _MOVED[f'data.{_split}'] = f'{_split}_dataloader.dataset'
    _MOVED[f'data.{_split}.img_prefix'] = f'{_split}_dataloader.dataset.data_prefix.img'
    _MOVED[f'data.{_split}.classes'] = f'{_split}_dataloader.dataset.metainfo.classes'
    _MOVED[f'data.{_split}.samples_per_gpu'] = f'{_split}_dataloader.batch_size'

_LIST = 'a list such as [dict(type="MultiStepLR", by_epoch=True, milestones=[8, 11], gamma=0.1)]'
_GPUS = 'tools/dist_train.sh CONFIG NUMBER_OF_GPUS says how many GPUs train'
# The place, and what to write there; keys below the old one have no counterpart.
_CHANGED = {
    'optimizer_config': ('optim_wrapper', 'clip_grad=dict(max_norm=...), accumulative_counts=...'),
    'lr_config': ('param_scheduler', _LIST),
    'lr_config.step': ('param_scheduler', 'the milestones of its MultiStepLR'),
    'lr_config.warmup_iters': ('param_scheduler', 'the end of its LinearLR'),
    'lr_config.warmup_ratio': ('param_scheduler', 'the start_factor of its LinearLR'),
    'momentum_config': ('param_scheduler', 'a list with a momentum scheduler such as '
                        'dict(type="LinearMomentum", ...)'),
    'runner.type': ('train_cfg.type', 'EpochBasedTrainLoop or IterBasedTrainLoop'),
    'log_config.hooks': ('visualizer.vis_backends', '[dict(type="LocalVisBackend"), '
                         'dict(type="TensorboardVisBackend")]'),
    'workflow': ('', 'training alternates with validation by train_cfg.val_interval'),
    'fp16': ('optim_wrapper', 'type="AmpOptimWrapper", or the option --amp'),
    'resume_from': ('load_from', 'the checkpoint, with resume=True, or the option '
                    '--resume CHECKPOINT'),
    'auto_resume': ('resume', 'True, or the option --resume'),
    'no_validate': ('val_cfg, val_dataloader and val_evaluator', 'None, for all three'),
    'gpu_ids': ('', _GPUS),
    'gpus': ('', _GPUS),
    'img_norm_cfg': ('model.data_preprocessor', 'mean=..., std=..., bgr_to_rgb=...'),
    'model.pretrained': ('model.backbone.init_cfg', 'dict(type="Pretrained", checkpoint=...)'),
}

#: Old dotted keys; the longest that a key starts with counts.
OLD_KEYS: dict[str, NewPlace] = {
    **{key: NewPlace(place) for key, place in _MOVED.items()},
    **{key: NewPlace(*change) for key, change in _CHANGED.items()}}

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
_BY_RATIO = 'batch_sampler=dict(type="AspectRatioBatchSampler") of the data loader'
_BACKENDS = 'visualizer.vis_backends'
_EMA = "EMAHook with ema_type='ExpMomentumEMA' in custom_hooks"

#: Old names of types that are not registered any more, and what replaces each.
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
    'GroupSampler': _BY_RATIO,
    'DistributedGroupSampler': _BY_RATIO,
    'DistributedSampler': 'DefaultSampler',
    'InfiniteGroupBatchSampler': f'InfiniteSampler, with {_BY_RATIO}',
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
                          'model.data_preprocessor',
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
    """Where an old dotted key is written today, the rest of the key included; None if it is new.

    ``'optimizer.lr'`` becomes ``'optim_wrapper.optimizer.lr'``.
    """
    parts = key.split('.')
    for count in range(len(parts), 0, -1):
        place = OLD_KEYS.get('.'.join(parts[:count]))
        if place is not None:
            whole = place.how or ' and ' in place.key
            return place._replace(key='.'.join([place.key, *([] if whole else parts[count:])]))
    return None
