"""Building parts of a network without weights and running them without numbers.

On PyTorch's device ``meta`` tensors have a shape and no content: a ResNet-101
is built and run in a tenth of a second. What cannot, as compiled operators, is
built and run on the CPU instead, with a small image.
"""
import contextlib
import inspect
import logging
import os
import random
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from fcos_mm.registry import MODELS

#: Whose modules are built and run here; nobody else's expect to be.
_KNOWN = ('fcos_mm', 'mmdet', 'mmpretrain', 'mmcls', 'mmcv', 'mmengine')
#: (height, width) of the image on each device. The strides follow from the
#: difference of the two sides, whatever padding adds to both or takes from them.
_IMAGES = (('meta', (512, 1024)), ('cpu', (128, 256)))


class Level(NamedTuple):
    """A feature map.

    Attributes:
        channels: Its channels.
        size: (rows, columns).
        image: (height, width) of the image it was made from.
    """
    channels: int
    size: tuple[int, int]
    image: tuple[int, int]

    @property
    def stride(self) -> int:
        """Pixels between neighbouring cells; 0 if the map does not tell."""
        cells = self.size[1] - self.size[0]
        return round((self.image[1] - self.image[0]) / cells) if cells > 0 else 0

    def has_stride(self, stride: float) -> bool:
        """Whether a stride agrees with the map, which rounds to whole cells."""
        cells = self.size[1] - self.size[0]
        return cells <= 0 or abs(cells - (self.image[1] - self.image[0]) / stride) < 1


class Outcome(NamedTuple):
    """What became of a part.

    Attributes:
        module: The part, None if it could not be built.
        levels: The feature maps it makes, None if it could not be run.
        error: The reason.
    """
    module: nn.Module | None = None
    levels: list[Level] | None = None
    error: Exception | None = None


def component(cfg: dict) -> Any | None:
    """Return the class that the ``type`` of a part names; None if it is not known here.

    Args:
        cfg: The config of the part.
    """
    kind = cfg.get('type') if isinstance(cfg, dict) else None
    if isinstance(kind, str):
        with MODELS.switch_scope_and_registry(None) as registry:
            kind = registry.get(kind)
    known = getattr(kind, '__module__', '').split('.')[0] in _KNOWN
    return kind if known else None


def setting(cfg: dict, name: str) -> Any:
    """Return the value of an argument of a part, its default if the config has none.

    Args:
        cfg: The config of the part.
        name: The argument.
    """
    if name in cfg:
        return cfg[name]
    kind = component(cfg)
    parameters = inspect.signature(kind).parameters if kind is not None else {}
    value = parameters[name].default if name in parameters else None
    return None if value is inspect.Parameter.empty else value


@contextlib.contextmanager
def undisturbed(scope: str) -> Iterator[None]:
    """Build and run in the block: quietly, without gradients, and with the random state put back.

    Args:
        scope: Where types are looked up.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere), \
                contextlib.redirect_stderr(nowhere), warnings.catch_warnings(), torch.no_grad(), \
                DefaultScope.overwrite_default_scope(scope):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(disabled)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def backbone_levels(cfg: dict) -> Outcome:
    """Build a backbone and run it on an image.

    Args:
        cfg: Its config.
    """
    for device, size in _IMAGES:
        outcome = _try(cfg, device, size)
        if outcome.levels is not None:
            break
    return outcome


def neck_levels(cfg: dict, levels: Sequence[Level]) -> Outcome:
    """Build a neck and run it on the maps of a backbone.

    Args:
        cfg: Its config.
        levels: The maps.
    """
    for device, _ in _IMAGES:
        outcome = _try(cfg, device, levels[0].image, levels)
        if outcome.levels is not None:
            break
    return outcome


def build(cfg: dict, device: str = 'meta') -> nn.Module:
    """Build a part, its weights as they come.

    Args:
        cfg: Its config.
        device: Where it is built.
    """
    cfg = {name: value for name, value in cfg.items() if name != 'init_cfg'}
    if cfg.get('pretrained'):
        cfg['pretrained'] = False if cfg['pretrained'] is True else None
    with torch.device(device):
        module = MODELS.build(cfg)
    module.eval()
    return module


def make_maps(levels: Sequence[Level], device: str = 'meta') -> tuple[Tensor, ...]:
    """Make feature maps of these sizes.

    Args:
        levels: Channels and size of each.
        device: Where they are made.
    """
    return tuple(torch.zeros(1, level.channels, *level.size, device=device) for level in levels)


def _try(cfg: dict, device: str, image: tuple[int, int],
         levels: Sequence[Level] | None = None) -> Outcome:
    """Build a part and run it on the image, or on feature maps."""
    module = None
    try:
        try:
            module = build(cfg, device)
        except RuntimeError:  # reads numbers while it is built, as Swin's and PVT's drop paths
            module = build(cfg, 'cpu').to(device)
        with torch.device(device):
            inputs = torch.zeros(1, 3, *image) if levels is None else make_maps(levels, device)
            maps = module(inputs)
        return Outcome(module, _levels(maps, image))
    except Exception as error:  # of any component; building it later tells it in full
        return Outcome(module, error=error)


def _levels(maps: Any, image: tuple[int, int]) -> list[Level]:
    maps = [maps] if isinstance(maps, Tensor) else list(maps)
    if not all(isinstance(each, Tensor) and each.dim() == 4 for each in maps):
        raise TypeError('these are not feature maps')
    return [Level(each.size(1), tuple(each.shape[2:]), image) for each in maps]
