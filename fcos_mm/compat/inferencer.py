"""mmengine's inferencers with a config of this package's scope.

``DetInferencer`` builds in the scope ``mmdet`` unless told another: under it the
plain name ``FCOSHead`` is mmdet's, whatever the config's ``default_scope`` is.
"""
import functools
import itertools
from typing import Optional

from mmengine.config import Config
from mmengine.infer import infer
from mmengine.registry import DefaultScope

SCOPE = 'fcos_mm'

_numbers = itertools.count()


def keep_scope_of_config() -> None:
    """Let inferencers build a config whose ``default_scope`` is ours in that scope.

    They also take the name of a shipped config, ``fcos_mm::<path>``.
    """
    base = infer.BaseInferencer
    base._init_model = _in_scope_of_config(base._init_model)
    base._load_model_from_metafile = _by_package_and_path(base._load_model_from_metafile)


def _in_scope_of_config(init_model):

    @functools.wraps(init_model)
    def _init_model(self, cfg, weights: Optional[str], device: str = 'cpu'):
        if not cfg:
            cfg.update(_recorded_config(weights))
        if cfg.get('default_scope') == SCOPE:
            DefaultScope.get_instance(f'{SCOPE}_inferencer_{next(_numbers)}', scope_name=SCOPE)
            self.scope = SCOPE
        return init_model(self, cfg, weights, device)

    return _init_model


def _recorded_config(weights: str) -> dict:
    """The config in a checkpoint, where mmengine's inferencer looks for it; else empty."""
    checkpoint = infer._load_checkpoint(weights, map_location='cpu')
    runtime_info = checkpoint.get('message_hub', {}).get('runtime_info', {})
    text = runtime_info.get('cfg', checkpoint.get('meta', {}).get('cfg'))
    return {} if text is None else Config.fromstring(text, file_format='.py')._cfg_dict


def _by_package_and_path(load_from_metafile):

    @functools.wraps(load_from_metafile)
    def _load_model_from_metafile(self, model: str):
        if '::' not in model:
            return load_from_metafile(self, model)
        from fcos_mm.config import find_config
        return Config.fromfile(find_config(model)), None

    return _load_model_from_metafile
