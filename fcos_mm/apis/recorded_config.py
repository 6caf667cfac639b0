"""A config out of a file that was sent by others: read, not run.

mmengine runs the text of a config, and a ``type`` that is not registered is
imported by its name and called, whatever it is.
"""
import ast
import re
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import MODELS, TASK_UTILS, WEIGHT_INITIALIZERS, Registry

from fcos_mm.checkpoints.safe_loading import checkpoints_are_trusted
from fcos_mm.errors import UserError

_NUMBERS = {'inf': float('inf'), 'nan': float('nan')}
_SUPPRESSIONS = ('nms', 'soft_nms')  # named in test_cfg
_CONFIG_FILE = re.compile(r'\.(py|json|ya?ml)$', re.IGNORECASE)


def read_recorded_config(text: str, path: str) -> Config:
    """Read the config in a record.

    Args:
        text: What ``Config.pretty_text`` gave.
        path: The file that it is from, for the message.

    Raises:
        UserError: If it does more than set values, or its model is not built
            of registered components alone, and the user does not trust it.
    """
    if checkpoints_are_trusted():
        return Config.fromstring(text, '.py')
    try:
        cfg = Config({_name_of(statement): _value_of(statement.value)
                      for statement in ast.parse(text).body})
        for key, value in _strings(cfg.get('model', {}), 'model'):
            _check_string(key, value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise UserError(
            f'{path}: its config could run code, so it is not used: {error}\nA model of '
            'components of your own needs --trust-checkpoint: give it if you trust who made the '
            'file.') from error
    return cfg


def _name_of(statement: ast.stmt) -> str:
    if (not isinstance(statement, ast.Assign) or len(statement.targets) != 1
            or not isinstance(statement.targets[0], ast.Name)):
        raise ValueError(f'line {statement.lineno} is not NAME = VALUE')
    return statement.targets[0].id


def _value_of(node: ast.expr) -> Any:
    """The value of an expression of literals, ``dict(...)``, ``inf`` and ``nan``."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        container = {ast.Tuple: tuple, ast.List: list, ast.Set: set}[type(node)]
        return container(_value_of(part) for part in node.elts)
    if isinstance(node, ast.Dict):
        return {_value_of(key): _value_of(value) for key, value in zip(node.keys, node.values)}
    if (isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict'
            and not node.args and all(word.arg for word in node.keywords)):
        return {word.arg: _value_of(word.value) for word in node.keywords}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value_of(node.operand)
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    raise ValueError(f'line {getattr(node, "lineno", "?")} holds more than plain values')


def _strings(part: Any, key: str) -> Iterator[tuple[str, str]]:
    """All texts in a part of a config, with their dotted keys."""
    if isinstance(part, str):
        yield key, part
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from _strings(value, f'{key}.{name}')
    elif isinstance(part, (list, tuple, set)):
        for index, value in enumerate(part):
            yield from _strings(value, f'{key}.{index}')


def _check_string(key: str, value: str) -> None:
    if _CONFIG_FILE.search(value):
        raise ValueError(f'{key} names another config, {value}')
    if key.endswith('.type') and value not in _SUPPRESSIONS and not any(
            _is_registered(value, registry)
            for registry in (MODELS, TASK_UTILS, WEIGHT_INITIALIZERS)):
        raise ValueError(f'{key} is {value!r}, which is not registered')


def _is_registered(name: str, registry: Registry) -> bool:
    """Whether a registry or one below it has a component, with or without its scope."""
    scope, _, plain = name.rpartition('.')
    if (not scope or scope == registry.scope) and plain in registry.module_dict:
        return True
    return any(_is_registered(name, child) for child in registry.children.values())
