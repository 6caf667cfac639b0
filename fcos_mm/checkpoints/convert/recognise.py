"""Which implementation a checkpoint comes from, by the names of its weights."""
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module

from fcos_mm.checkpoints.convert.source import Source, Weights
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

#: The sources by name. Each is the constant of this name in capitals in the module of this name.
SOURCES = ('mmdet', 'torchvision', 'official', 'adelaidet', 'detectron2')
_SHOWN = 6
_TOO_MANY = 'Its names fit several sources: {}.\nSay which: --from {}.'
_NONE = ('{} is not an FCOS checkpoint that can be converted.\nIt has {} weights: {}.\n'
         'Checkpoints of {} can be converted.')


def find_source(name: str) -> Source:
    """The source of a name; imports its module.

    Raises:
        UserError: If there is none of this name.
    """
    if name not in SOURCES:
        raise UserError(f'There is no source {name!r}. Choose from {", ".join(SOURCES)}.')
    return getattr(import_module(f'{__package__}.{name}'), name.upper())


def recognise(weights: Weights, path: str = 'The file') -> Source:
    """Find the source of weights.

    Args:
        weights: By name, without wrapper prefixes.
        path: Their file, for the message.

    Raises:
        UserError: If no source fits, or several; says what the weights look like.
    """
    sources = [find_source(name) for name in SOURCES]
    fitting = [source for source in sources if source.recognise(weights)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [source.name for source in fitting]
        raise UserError(f'{path}: ' + _TOO_MANY.format(', '.join(names), '|'.join(names)))
    raise UserError(_NONE.format(path, len(weights), first_few(list(_parts(weights)), _SHOWN),
                                 first_few([source.title for source in sources], len(sources))))


def _parts(weights: Mapping) -> Iterator[str]:
    """The parts of a network with the number of their weights, most first."""
    counts = Counter('.'.join(name.split('.')[:2]) for name in weights)
    for part, number in counts.most_common():
        yield f'{part}.* ({number})' if number > 1 else part
