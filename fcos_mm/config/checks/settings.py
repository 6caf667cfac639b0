"""Find keys that nothing reads in settings that are not components."""
import inspect
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

from fcos_mm.config.checks.detections import is_own_head
from fcos_mm.config.checks.parts import live_sections, loaders
from fcos_mm.config.keys import value_at
from fcos_mm.config.nearest import did_you_mean, nearest
from fcos_mm.config.old_names import OLD_ARGUMENTS

_FIXED = {
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'env_cfg.mp_cfg': {'mp_start_method', 'opencv_num_threads'},
}
_OF_LOADERS = {'num_batch_per_epoch', 'disable_subprocess_warning'}
# DefaultOptimWrapperConstructor reads them by `get`.
_PARAMWISE = {'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
              'flat_decay_mult', 'dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate'}
_CUSTOM_KEY = {'lr_mult', 'decay_mult'}
_DETECTION = {'nms_pre', 'score_thr', 'nms', 'max_per_img', 'min_bbox_size'}


def setting_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find keys of loaders and of other settings that nothing reads."""
    for key, value, known in _settings(cfg, mode):
        for name in map(str, value if isinstance(value, dict) else ()):
            if name in known or name == '_delete_':
                continue
            instead = (f' Since mmdet 3: {OLD_ARGUMENTS[name]}.' if name in OLD_ARGUMENTS else
                       did_you_mean(name, known) or
                       f' Keys that are read: {", ".join(sorted(known))}.')
            yield f'{key}.{name}: nothing reads this key.{instead}'


def _settings(cfg: Config, mode: str) -> Iterator[tuple[str, Any, set[str]]]:
    """Key, value and the names that may stand in it."""
    for key, known in _FIXED.items():
        yield key, value_at(cfg, key), known
    yield 'randomness', cfg.get('randomness'), _keywords(Runner.set_randomness)
    for name, loader in loaders(cfg, mode):
        yield name, loader, _keywords(DataLoader.__init__) | _OF_LOADERS
    if 'optim_wrapper' in live_sections(mode):
        yield from _of_optimizer(cfg)
    if is_own_head(cfg, 'bbox_head'):
        yield 'model.test_cfg', value_at(cfg, 'model.test_cfg'), _DETECTION


def _of_optimizer(cfg: Config) -> Iterator[tuple[str, Any, set[str]]]:
    key = 'optim_wrapper.clip_grad'
    clip = value_at(cfg, key)
    if isinstance(clip, dict):
        function = clip_grad_value_ if clip.get('type') == 'value' else clip_grad_norm_
        yield key, clip, _keywords(function) | {'type'}
    constructor = value_at(cfg, 'optim_wrapper.constructor') or 'DefaultOptimWrapperConstructor'
    if constructor == 'DefaultOptimWrapperConstructor':
        key = 'optim_wrapper.paramwise_cfg'
        yield key, value_at(cfg, key), _PARAMWISE
        for name, value in (value_at(cfg, f'{key}.custom_keys') or {}).items():
            # any setting of the optimizer may stand here as well
            settings = {other for other in value if nearest(other, _CUSTOM_KEY) is None}
            yield f'{key}.custom_keys.{name}', value, _CUSTOM_KEY | settings


def _keywords(function) -> set[str]:
    return set(inspect.signature(function).parameters) - {'self'}
