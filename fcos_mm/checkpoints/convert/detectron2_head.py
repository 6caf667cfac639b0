"""The towers in heads of detectron2 and AdelaiDet: numbered sequences of layers."""
import re
from typing import NamedTuple

from fcos_mm.checkpoints.convert.renaming import Rule
from fcos_mm.checkpoints.convert.source import Weights


class Tower(NamedTuple):
    """A sequence of convolutions, each with normalisation and ReLU behind it.

    Attributes:
        rules: To rename its weights.
        convs: How many convolutions there are.
        norm: ``'GN'``; ``'BN'``, batch normalisation with statistics of each level; or None.
        deformable: Whether the last convolution is deformable.
    """
    rules: list[Rule]
    convs: int
    norm: str | None
    deformable: bool


def read_tower(weights: Weights, theirs: str, ours: str) -> Tower:
    """Find out what a tower consists of.

    Args:
        weights: By the names of the source.
        theirs: What precedes the numbers of layers there: ``'head.cls_subnet.'``.
        ours: What precedes the numbers of convolutions here: ``'bbox_head.cls_convs.'``.
    """
    layers = {name.removeprefix(theirs): value for name, value in weights.items()
              if name.startswith(theirs)}
    convs = sorted(int(name.split('.')[0]) for name, value in layers.items()
                   if re.fullmatch(r'\d+\.(conv\.)?weight', name) and value.dim() == 4)
    rules, prefix = [], re.escape(theirs)
    for number, place in enumerate(convs):
        conv = f'{ours}{number}.'
        rules += [
            (rf'{prefix}{place}\.(?:conv\.)?(weight|bias)', rf'{conv}conv.\1'),
            (rf'{prefix}{place}\.offset\.(weight|bias)', rf'{conv}conv.conv_offset.\1'),
            (rf'{prefix}{place + 1}\.(weight|bias)', rf'{conv}gn.\1'),
            (rf'{prefix}{place + 1}\.(\d+)\.(\w+)', rf'{conv}bns.\1.\2')]
    last = f'{convs[-1]}.' if convs else '-'
    return Tower(rules, len(convs), _norm(layers, convs), f'{last}offset.weight' in layers)


def _norm(layers: Weights, convs: list[int]) -> str | None:
    if any(name.endswith('.running_var') for name in layers):
        return 'BN'
    return 'GN' if any(f'{place + 1}.weight' in layers for place in convs) else None
