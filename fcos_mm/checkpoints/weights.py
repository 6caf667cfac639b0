"""The weights in a checkpoint, whatever they are wrapped in.

Trainers write ``{'model': {...}}``, ``{'state_dict': {...}}``, ``{'ema_state_dict': {...}}``
and put ``module.``, ``model.`` or ``ema_`` before every name. mmengine knows the second and
``module.``.
"""
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

STATE_DICT = 'state_dict'

_DEPTH = 3  # of dicts within dicts, {'ema': {'module': {...}}} among them
_ENOUGH = 0.5  # of the wanted names must be found behind a prefix
_PREFIX_ENDS = re.compile(r'\.|^ema_')


def unwrapped(checkpoint: Any) -> Any:
    """A checkpoint with its weights where mmengine looks for them.

    Args:
        checkpoint: What was loaded from a file.

    Returns:
        The checkpoint, with a new ``state_dict`` where the weights were in
        another part of it: the part with most tensors.
    """
    if not isinstance(checkpoint, dict):
        return checkpoint
    if _count(checkpoint.get(STATE_DICT)) or (STATE_DICT not in checkpoint and _count(checkpoint)):
        return checkpoint
    parts = [part for part in _parts(checkpoint, _DEPTH) if _count(part)]
    return {**checkpoint, STATE_DICT: max(parts, key=_count)} if parts else checkpoint


def fitted(weights: Mapping[str, Any], wanted: Mapping[str, Tensor]) -> Mapping[str, Any]:
    """Remove what stands before the names of a model in a checkpoint.

    Args:
        weights: The names and tensors of a checkpoint.
        wanted: Those of the model.

    Returns:
        ``weights``, or those behind the prefix with which most fit, at least half of
        what is wanted, where more of them fit than without.
    """
    counts = Counter({'': 0})
    for name, value in weights.items():
        ends = [0, *(match.end() for match in _PREFIX_ENDS.finditer(name))]
        for end in ends:
            if name[end:] in wanted and _shape(value) == wanted[name[end:]].shape:
                counts[name[:end]] += 1
    prefix, count = counts.most_common(1)[0]
    if not prefix or count <= counts[''] or count < _ENOUGH * len(wanted):
        return weights
    renamed = OrderedDict((name.removeprefix(prefix), value) for name, value in weights.items()
                          if name.startswith(prefix))
    metadata = getattr(weights, '_metadata', {})  # versions of modules, by their names
    renamed._metadata = OrderedDict(
        (name.removeprefix(prefix), value) for name, value in metadata.items())
    return renamed


def load_state_dict_with(load):
    """mmengine's ``load_state_dict``, which fits the names first.

    Args:
        load: mmengine's function.
    """

    def load_state_dict(module: nn.Module, state_dict, strict: bool = False, logger=None) -> None:
        load(module, fitted(state_dict, inner_model(module).state_dict()), strict, logger)

    return load_state_dict


def inner_model(model: nn.Module) -> nn.Module:
    """The model in a wrapper for several processes or for test-time augmentation.

    Args:
        model: The model, wrapped or not.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def _count(part: Any) -> int:
    """How many tensors a dict holds by name."""
    if not isinstance(part, dict):
        return 0
    return sum(isinstance(name, str) and isinstance(value, Tensor) for name, value in part.items())


def _parts(part: dict, depth: int) -> Iterator[dict]:
    for value in part.values():
        if isinstance(value, dict):
            yield value
            if depth > 1:
                yield from _parts(value, depth - 1)


def _shape(value: Any):
    return getattr(value, 'shape', None)
