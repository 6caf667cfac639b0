"""Check each ``init_cfg``, which mmengine reads only when a training starts."""
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.config.keys import listed, walk


def init_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find initialisations without a type: they are not merged with the component's default."""
    if mode != 'train':
        return
    for key, part in walk(cfg.get('model'), 'model'):
        inits = part.get('init_cfg') if isinstance(part, dict) else None
        for place, init in listed(inits, f'{key}.init_cfg'):
            # some of mmdet's backbones take a checkpoint alone
            if isinstance(init, dict) and not init.keys() & {'type', 'checkpoint'}:
                yield (f"{place} has no type.\nIt replaces the component's own initialisation: "
                       'write all of it, type included.')
