"""A config out of a file that was sent by others: read, not run.

mmengine runs the text of a config, and imports and calls a ``type`` that is not registered.
"""
import re
from collections.abc import Sequence

from mmengine import registry as registries
from mmengine.config import Config
from mmengine.registry import MODELS, TASK_UTILS, WEIGHT_INITIALIZERS, Registry

from fcos_mm.checkpoints.safe_loading import checkpoints_are_trusted
from fcos_mm.config.keys import walk
from fcos_mm.config.literals import read_settings
from fcos_mm.errors import UserError

_OPERATORS = ('nms', 'soft_nms', 'RoIAlign')  # of mmcv, named in test_cfg and roi_layer
_TYPES = ('type', 'runner_type', 'ema_type')  # keys whose values mmengine looks up or imports
_ALL = [value for value in vars(registries).values() if isinstance(value, Registry)]
_CONFIG_FILE = re.compile(r'\.(py|json|ya?ml)$', re.IGNORECASE)


def read_recorded_config(text: str, path: str, whole: bool = False) -> Config:
    """Read the config in a record.

    Args:
        text: As ``Config.pretty_text`` wrote it.
        path: The file that holds it, for the message.
        whole: Whether more than the model will be built.

    Raises:
        UserError: If it does more than set values, or what will be built is not made
            of registered components alone, and the user does not trust it.
    """
    if checkpoints_are_trusted():
        return Config.fromstring(text, '.py')
    try:
        cfg = Config(read_settings(text))
        for key, value in walk(cfg.get('model', {}), 'model'):
            if isinstance(value, str):
                _check_string(key, value)
        for key, value in walk(cfg, '') if whole else ():
            if isinstance(value, str) and key.rpartition('.')[2] in _TYPES:
                _check_type(key, value, _ALL)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise UserError(
            f'{path}: its config could run code, so it is not used: {error}\nComponents of your '
            'own need --trust-checkpoint: use it if you trust the source of the '
            'file.') from error
    return cfg


def _check_string(key: str, value: str) -> None:
    if _CONFIG_FILE.search(value):
        raise ValueError(f'{key} names another config, {value}')
    if key.endswith('.type'):
        _check_type(key, value, (MODELS, TASK_UTILS, WEIGHT_INITIALIZERS))


def _check_type(key: str, value: str, allowed: Sequence[Registry]) -> None:
    if value not in _OPERATORS and not any(
            _is_registered(value, registry) for registry in allowed):
        raise ValueError(f'{key} is {value!r}, which is not registered')


def _is_registered(name: str, registry: Registry) -> bool:
    """Whether a registry or one below it has a component, with or without its scope."""
    scope, _, plain = name.rpartition('.')
    if (not scope or scope == registry.scope) and plain in registry.module_dict:
        return True
    return any(_is_registered(name, child) for child in registry.children.values())
