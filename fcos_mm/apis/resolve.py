"""From the options of a command to the resolved, checked config of a run.

Nothing changes the config afterwards: what a run dumps into its work dir is what it ran with.
"""
import argparse
import copy

from mmdet.engine.hooks.utils import trigger_visualization_hook
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device

from fcos_mm.apis.published.weights import weights_file
from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.compat.distributed import set_cpu_wrapper
from fcos_mm.config import check_config, load_config, set_work_dir
from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.config.log_backends import add_log_backends
from fcos_mm.engine.resume.resume_point import prepare_resume
from fcos_mm.engine.resume.work_dir import check_work_dir, resume_after_restart
from fcos_mm.errors import UserError

_TTA_MODEL = dict(
    type='mmdet.DetTTAModel',
    tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100))
_TTA_META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
                  'flip_direction')


def resolve(args: argparse.Namespace, mode: str, cfg: Config | None = None
            ) -> tuple[Config, list[str]]:
    """Resolve the config of a training or a test, with warnings for its log.

    Args:
        args: The options of ``tools/train.py`` or ``tools/test.py``.
        mode: ``'train'`` or ``'test'``.
        cfg: The config to resolve, ``--cfg-options`` merged; None for that of ``args``.

    Raises:
        UserError: If an option does not fit the config or the machine, the config cannot
            work, or there is no checkpoint to start from.
    """
    trust_checkpoints(args.trust_checkpoint)
    if cfg is None:
        cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    set_work_dir(cfg, args.work_dir)
    {'train': _set_training_options, 'test': _set_test_options}[mode](cfg, args)
    check_config(cfg, mode)
    set_cpu_wrapper(cfg)
    if mode == 'train':
        resume_after_restart(cfg)
    return cfg, prepare_resume(cfg) if mode == 'train' and cfg.resume else []


def _set_training_options(cfg: Config, args: argparse.Namespace) -> None:
    if args.amp:
        _set_amp(cfg)
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise UserError(
                f'--auto-scale-lr: {cfg.filename} does not state the batch size of its learning '
                'rate. Add for example auto_scale_lr=dict(enable=False, base_batch_size=16).')
        cfg.auto_scale_lr.enable = True
    cfg.setdefault('resume', False)
    cfg.setdefault('load_from', None)
    if args.load_from is not None:
        if args.resume is not None:
            raise UserError('--load-from starts a new run, --resume continues one: '
                            'give one of them.')
        cfg.resume, cfg.load_from = False, args.load_from
    if args.resume is not None:
        cfg.resume, cfg.load_from = True, None if args.resume == 'auto' else args.resume
    if cfg.load_from is not None:
        cfg.load_from = weights_file(cfg.load_from)
        read_state_dict(cfg.load_from)
    check_work_dir(cfg, args.overwrite)
    if args.log is not None:
        add_log_backends(cfg, args.log)


def _set_amp(cfg: Config) -> None:
    """Mixed precision: float16 with loss scaling on a GPU, bfloat16 without on a CPU."""
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    if get_device() != 'cpu':
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
        return
    cfg.optim_wrapper.update(dtype='bfloat16', loss_scale=dict(enabled=False))
    hook = cfg.get('default_hooks', {}).get('fast_training')
    if hook is not None:
        hook.setdefault('channels_last', True)


def _set_test_options(cfg: Config, args: argparse.Namespace) -> None:
    cfg.load_from = args.checkpoint
    if args.show or args.show_dir:
        if 'visualization' not in cfg.get('default_hooks', {}):
            raise UserError(
                f'--show and --show-dir: {cfg.filename} has no hook that draws. Add '
                'default_hooks.visualization=dict(type="DetVisualizationHook").')
        trigger_visualization_hook(cfg, args)
    if args.fast or args.precision is not None:
        hooks = cfg.setdefault('default_hooks', {})
        hook = {'type': 'fcos_mm.FastInferenceHook', **(hooks.get('fast_inference') or {})}
        if args.fast or args.precision != 'fp32':
            hook['enabled'] = True
        if args.precision is not None:
            hook['options'] = {**(hook.get('options') or {}), 'precision': args.precision}
        hooks['fast_inference'] = hook
    if args.tta:
        _set_tta(cfg)


def _set_tta(cfg: Config) -> None:
    """Test with augmentation: as the config says, or each image and its mirror image."""
    cfg.setdefault('tta_model', copy.deepcopy(_TTA_MODEL))
    for _, dataset in leaf_datasets(cfg.test_dataloader.dataset, 'test_dataloader.dataset'):
        if 'tta_pipeline' not in cfg:
            cfg.tta_pipeline = _flip_pipeline(dataset.pipeline)
        dataset.pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def _flip_pipeline(pipeline: list) -> list:
    """A test pipeline whose last step, packing, is done for both images."""
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1., 0.)]
    pack = [dict(type='PackDetInputs', meta_keys=_TTA_META_KEYS)]
    return [*copy.deepcopy(pipeline[:-1]), dict(type='TestTimeAug', transforms=[flips, pack])]
