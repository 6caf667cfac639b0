"""The weights in a checkpoint, whatever they are wrapped in.

Trainers write ``{'model': {...}}``, ``{'state_dict': {...}}``, ``{'ema_state_dict': {...}}``
and put ``module.``, ``model.`` or ``ema_`` before every name. mmengine knows the second and
``module.``.
"""
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from fcos_mm.compat.checkpoint_loading import without_prefix

STATE_DICT = 'state_dict'

_DEPTH = 3  # of dicts within dicts, {'ema': {'module': {...}}} among them
_ENOUGH = 0.5  # of the wanted names must be found behind a prefix
_PREFIX_ENDS = re.compile(r'\.|^ema_')


def unwrapped(checkpoint: Any) -> Any:
    """A checkpoint whose ``state_dict`` is, where it has none, the part with most tensors."""
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
        shape = getattr(value, 'shape', None)
        for end in ends:
            if name[end:] in wanted and shape == wanted[name[end:]].shape:
                counts[name[:end]] += 1
    prefix, count = counts.most_common(1)[0]
    if not prefix or count <= counts[''] or count < _ENOUGH * len(wanted):
        return weights
    return without_prefix(weights, prefix)


def _count(part: Any) -> int:
    """The number of tensors that a dict holds by name."""
    if not isinstance(part, dict):
        return 0
    return sum(isinstance(name, str) and isinstance(value, Tensor) for name, value in part.items())


def _parts(part: Any, depth: int) -> Iterator[dict]:
    """All dicts inside a dict, down to a depth."""
    for value in part.values() if depth and isinstance(part, dict) else ():
        if isinstance(value, dict):
            yield value
            yield from _parts(value, depth - 1)
