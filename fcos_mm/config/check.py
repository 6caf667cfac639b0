"""``check_config``: every check that a config must pass before anything is built."""
from mmengine.config import Config

from fcos_mm.faults import Faults

_CHECKS = ()


def check_config(cfg: Config, mode: str) -> None:
    """Check a resolved config without its data.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``: the parts that will be built.

    Raises:
        UserError: If the config cannot work; the message names the keys and
            the remedy, of every fault that can be seen beside the others.
    """
    faults = Faults('the config')
    for check in _CHECKS:
        with faults.gather():
            check(cfg, mode)
    faults.raise_all()
