"""Find the keys of a config at which the value of a top-level name belongs."""
from collections.abc import Sequence
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.config.keys import dotted_keys, known_keys, look_up
from fcos_mm.config.nearest import nearest
from fcos_mm.config.source import Source

_MOST = 4  # number of keys that are named
_SIMILAR = 0.75  # similarity from 0 to 1 below which a name is another


class Places(NamedTuple):
    """Where the value of a name belongs: dotted keys, the best first, at most four.

    Attributes:
        derived: Dotted keys whose value was computed from it.
        copied: Whether a config put the value of this very name there.
    """

    keys: list[str]
    derived: Sequence[str] = ()
    copied: bool = False

    def advice(self, settings: list[str], in_lists: Sequence[str] = ()) -> str:
        """Sentences on how to set it, by what is written for its keys, and for those in lists."""
        words = []
        if settings:
            words.append(f'Write {(" and " if self.copied else " or ").join(settings)}.')
        if in_lists:
            words.append(f'Set {", ".join(in_lists)}: a child writes such a list as a whole.')
        if self.derived:
            words.append(f'Adapt as well: {", ".join(self.derived)}.')
        return ' '.join(words)


def find_places(name: str, cfg: Config, source: Source | None = None, former=None) -> Places:
    """Find the keys that a top-level name or the end of a dotted key stands for.

    Args:
        name: The name.
        cfg: The config.
        source: Its file.
        former: The value that the file used.

    Returns:
        The keys where the value was put when the config was read; else those that end with
        the name; else those that end with a similar name.
    """
    if source is not None and (copied := _copies(name, cfg, source)):
        plain = [key for key in copied if look_up(cfg, key)[1] == former] or copied
        derived = [key for key in copied if key not in plain]
        return Places(plain[:_MOST], derived[:_MOST], copied=True)
    keys = [key for key, _ in dotted_keys(cfg)]
    split, _, rest = name.partition('_')  # train_pipeline is the pipeline of train_dataloader
    found = _ending_with(name, keys) or [
        key for key in _ending_with(rest, keys) if split in ('train', 'val', 'test')
        and key.startswith(f'{split}_')]
    if not found:
        known = {key.split('.')[-1] for key in keys if '.' in key} | known_keys(cfg) - {name}
        similar = nearest(name, known, _SIMILAR)
        found = _ending_with(similar, keys) or ([similar] if similar else [])
    return Places(sorted(found, key=lambda key: key.count('.'))[:_MOST])


def other_unit(name: str, cfg: Config) -> str:
    """A sentence on ``max_epochs`` or ``max_iters`` if the training counts the other; or ``''``."""
    counted = {'max_epochs': 'max_iters', 'max_iters': 'max_epochs'}.get(name, '')
    there, length = look_up(cfg, f'train_cfg.{counted}')
    return f'The length of this training is train_cfg.{counted}, now {length}.' if there else ''


def _copies(name: str, cfg: Config, source: Source) -> list[str]:
    """The keys into which the files of a config put the value of a name."""
    known = known_keys(cfg)
    found = _followed(name, list(source.below()), {name})
    return [key for key in dict.fromkeys(found)
            if key.split('.')[0] in known and key != name and look_up(cfg, key)[0]]


def _followed(name: str, files: list[Source], seen: set[str]) -> list[str]:
    """The places of a name, and of the names that were made from it."""
    found = []
    places = [place for file in files for spelling in (name, f'_base_.{name}')
              for place in file.places.get(spelling, ())]
    for place in filter(None, places):
        root, _, inner = place.partition('.')
        found.append(place)
        if root not in seen:
            found += [f'{outer}.{inner}' if inner else outer
                      for outer in _followed(root, files, seen | {root})]
    return found


def _ending_with(name: str | None, keys: list[str]) -> list[str]:
    return [key for key in keys if '.' in key and key.split('.')[-1] == name]
