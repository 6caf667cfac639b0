"""Check each ``init_cfg``, which mmengine reads only when a training starts."""
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.config.keys import listed, walk


def init_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find initialisations without a type: they are not merged with the component's default."""
    if mode != 'train':
        return
    for _, _, place, init in initialisations(cfg):
        # some of mmdet's backbones take a checkpoint alone
        if not init.keys() & {'type', 'checkpoint'}:
            yield (f"{place} has no type.\nIt replaces the component's own initialisation: "
                   'write all of it, type included.')


def initialisations(cfg: Config) -> Iterator[tuple[str, dict, str, dict]]:
    """Each ``init_cfg`` of the model: key and config of its component, its own key and value."""
    for key, part in walk(cfg.get('model'), 'model'):
        inits = part.get('init_cfg') if isinstance(part, dict) else None
        for place, init in listed(inits, f'{key}.init_cfg'):
            if isinstance(init, dict):
                yield key, part, place, init
