"""Build parts of a network without weights and run them on PyTorch's device ``meta``.

What cannot run there, such as compiled operators, runs on the CPU with a small image.
"""
import contextlib
import functools
import logging
import os
import random
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from fcos_mm.config.checks import lookup
from fcos_mm.config.keys import walk
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

# Whose modules are built and run here; nobody else's expect to be.
_KNOWN = ('fcos_mm', 'mmdet', 'mmpretrain', 'mmcls', 'mmcv', 'mmengine')
# (height, width) of the image on each device. The strides follow from the difference of the
# two sides, whatever padding adds to both or takes from them.
_IMAGES = {'meta': (512, 1024), 'cpu': (128, 256)}


class Level(NamedTuple):
    """A feature map: channels, (rows, columns), and (height, width) of the image."""
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


def component(cfg: Any) -> Any | None:
    """The class that the ``type`` of a part names; None if it is not one of a known library."""
    scope = DefaultScope.get_current_instance().scope_name
    found = lookup.find(cfg.get('type'), scope, MODELS) if isinstance(cfg, dict) else []
    return found[0] if found and lookup.package_of(found[0]) in _KNOWN else None


@contextlib.contextmanager
def undisturbed(scope: str) -> Iterator[None]:
    """Run a block quietly, without gradients and in a scope, then restore the RNG states."""
    states, disabled = (random.getstate(), np.random.get_state()), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere), \
                contextlib.redirect_stderr(nowhere), warnings.catch_warnings(), torch.no_grad(), \
                torch.random.fork_rng(devices=[]), DefaultScope.overwrite_default_scope(scope):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(disabled)
        random.setstate(states[0])
        np.random.set_state(states[1])


def run(cfg: dict, levels: Sequence[Level] | None = None
        ) -> tuple[list[Level] | None, Exception | None]:
    """Build a part and run it on an image, or on feature maps.

    Returns:
        The feature maps that it makes, or None and why it could not be built or run.
    """
    for device in _IMAGES:
        try:
            return _run(cfg, levels, device), None
        except Exception as error:  # of any component; the model's build reports it in full
            reason = error
    return None, reason


def _run(cfg: dict, levels: Sequence[Level] | None, device: str) -> list[Level]:
    try:
        module = build(cfg, device)
    except RuntimeError:  # reads numbers while it is built, as Swin's and PVT's drop paths
        module = build(cfg, 'cpu').to(device)
    if device == 'meta':
        _leave_out_norms(module)
    image = _IMAGES[device] if levels is None else levels[0].image
    with torch.device(device):
        maps = module(torch.zeros(1, 3, *image) if levels is None else make_maps(levels, device))
    maps = [maps] if isinstance(maps, Tensor) else list(maps)
    if not all(isinstance(each, Tensor) and each.dim() == 4 for each in maps):
        raise TypeError('the output is not feature maps')
    return [Level(each.size(1), tuple(each.shape[2:]), image) for each in maps]


def _leave_out_norms(module: nn.Module) -> None:
    """Let batch normalisation return its input: on ``meta`` it takes almost half the time."""
    for norm in module.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm):
            norm.forward = functools.partial(_same_maps, norm)


def _same_maps(norm: nn.Module, maps: Tensor) -> Tensor:
    if maps.size(1) != norm.num_features:
        raise ValueError(f'{maps.size(1)} channels for {norm}')
    return maps


def build(cfg: dict, device: str = 'meta') -> nn.Module:
    """Build a part on a device without loading weights."""
    cfg = {name: value for name, value in cfg.items() if name != 'init_cfg'}
    if cfg.get('pretrained'):
        cfg['pretrained'] = False if cfg['pretrained'] is True else None
    with torch.device(device):
        module = MODELS.build(cfg)
    module.eval()  # mmdet's backbones return nothing here
    return module


def make_maps(levels: Sequence[Level], device: str = 'meta') -> tuple[Tensor, ...]:
    """Feature maps of zeros, each ``(1, channels, rows, columns)``."""
    return tuple(torch.zeros(1, level.channels, *level.size, device=device) for level in levels)


def explain_refusal(key: str, cfg: dict, error: Exception) -> None:
    """Explain an error of building a part, if its settings are the reason.

    Raises:
        UserError: If the groups of a group normalisation do not divide its channels, or a
            component of this package refuses an option.
    """
    if not isinstance(error, (ValueError, ZeroDivisionError)):
        return
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for values in (frame.f_locals for frame in frames):
        if isinstance(values.get('self'), nn.GroupNorm) and 'num_groups' in values:
            _check_groups(key, values['num_groups'], values['num_channels'])
            return
    if (isinstance(error, ValueError) and frames
            and frames[-1].f_globals.get('__name__', '').startswith('fcos_mm.')):
        # registries hold the config of what they build as `cfg`; the innermost counts
        places = {id(part): name for name, part in walk(cfg, key) if isinstance(part, dict)}
        held = [places.get(id(frame.f_locals.get('cfg'))) for frame in frames]
        place = next((name for name in reversed(held) if name is not None), key)
        raise UserError(f'{place}: {error}.') from error


def _check_groups(key: str, groups: int, channels: int) -> None:
    if groups >= 1 and channels % groups == 0:
        return
    most = groups if groups > 1 else 33
    fitting = max((number for number in range(1, most) if channels % number == 0), default=1)
    raise UserError(
        f'{key}.norm_cfg.num_groups={groups} does not divide the {channels} channels of a layer '
        f'of {key}.\nSet {key}.norm_cfg.num_groups={fitting}, or channels that are a multiple of '
        'the groups.')
