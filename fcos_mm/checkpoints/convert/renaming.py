"""Weights under other names, by a table of rules."""
import re
from collections.abc import Sequence

from torch import Tensor

from fcos_mm.checkpoints.convert.source import Weights
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_SHOWN = 8

#: A pattern of whole names, and the new name (``re.Match.expand``); None for what is left out.
Rule = tuple[str, str | None]


def rename(weights: Weights, rules: Sequence[Rule], source: str) -> dict[str, Tensor]:
    """Rename weights; the first rule whose pattern is the whole name applies.

    Args:
        weights: By the names of the source.
        rules: Patterns and new names.
        source: Of the message.

    Raises:
        UserError: If a name fits no rule, or two get the same new name.
    """
    compiled = [(re.compile(pattern), new) for pattern, new in rules]
    renamed, unknown = {}, []
    for name, value in weights.items():
        match, new = next(((match, new) for pattern, new in compiled
                           if (match := pattern.fullmatch(name))), (None, None))
        if match is None:
            unknown.append(name)
        elif new is not None:
            ours = match.expand(new)
            if ours in renamed:
                raise UserError(f'{source}: two weights become {ours}, one of them {name}.\n'
                                'Convert the file that the training wrote, unchanged.')
            renamed[ours] = value
    if unknown:
        raise UserError(f'{source}: {len(unknown)} weights are unknown: '
                        f'{first_few(unknown, _SHOWN)}.\nOnly FCOS detectors can be converted.')
    return renamed
