"""The backbone by its name, or by what the machine has and can fetch."""
import urllib.request
from pathlib import Path
from typing import NamedTuple

import torch

from fcos_mm.compat.timm import import_timm
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.pip_weights import PIP_WEIGHTS, PREFIX, find_pip_weights
from fcos_mm.errors import UserError
from fcos_mm.recipes.machine import Machine

#: The backbone of the base config.
DEFAULT = 'efficientnet-lite0'
_TIMM = 'timm:'
_URL = 'https://download.pytorch.org/models/'
_WAIT = 4  # seconds for an answer
# Depth, the file of torchvision's weights, channels of the maps of strides 4 to 32.
_RESNETS = {
    'resnet18': (18, 'resnet18-f37072fd.pth', [64, 128, 256, 512]),
    'resnet50': (50, 'resnet50-0676ba61.pth', [256, 512, 1024, 2048]),
    'resnet101': (101, 'resnet101-63fe2227.pth', [256, 512, 1024, 2048])}
_IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


class Backbone(NamedTuple):
    """A backbone and what it changes in the model of the base config."""
    name: str
    model: dict
    reason: str


def choose_backbone(name: str | None, machine: Machine) -> Backbone:
    """Choose a pretrained backbone.

    Raises:
        UserError: If there is none of the name, its package is not installed or its weights
            cannot be fetched.
    """
    if name:
        return _named(name, 'given')
    if not machine.has_gpu:
        return _named(DEFAULT, 'small and pretrained: fast enough for a CPU')
    if _can_be_had(_RESNETS['resnet50'][1]):
        return _named('resnet50', 'pretrained, and there is a GPU for it')
    return _named(DEFAULT, 'its pretrained weights are installed; those of resnet50 cannot be '
                  'downloaded')


def _named(name: str, reason: str) -> Backbone:
    full = f'efficientnet-{name}' if name.startswith('lite') else name
    if full.startswith(_TIMM):
        return Backbone(full, _timm(full.removeprefix(_TIMM)), reason)
    if full in PIP_WEIGHTS:
        find_pip_weights(PREFIX + full).find_file(f'The backbone {full}')
        return Backbone(full, _lite(full), reason)
    if full in _RESNETS:
        return Backbone(full, _resnet(full), reason)
    known = (*PIP_WEIGHTS, *_RESNETS)
    raise UserError(f'--backbone {name}: no such backbone.{did_you_mean(full, known)}\n'
                    f'Choose from {", ".join(known)}, or {_TIMM}NAME for a timm backbone.')


def _lite(name: str) -> dict:
    if name == DEFAULT:
        return {}
    arch = name.removeprefix('efficientnet-')
    return dict(backbone=dict(arch=arch, init_cfg=dict(checkpoint=PREFIX + name)))


def _resnet(name: str) -> dict:
    depth, weights, channels = _RESNETS[name]
    if not _can_be_had(weights):
        raise UserError(
            f'The weights of {name} are not on this machine and {_URL} cannot be reached.\n'
            f'Put {weights} into {_cache()}, or use --backbone {DEFAULT}.')
    return dict(
        data_preprocessor=_IMAGENET,
        backbone=dict(
            _delete_=True, type='ResNet', depth=depth, out_indices=(0, 1, 2, 3), frozen_stages=1,
            norm_eval=True, style='pytorch',
            init_cfg=dict(type='Pretrained', checkpoint=_URL + weights)),
        neck=dict(in_channels=channels))


def _timm(name: str) -> dict:
    timm = import_timm(f'--backbone {_TIMM}{name}')
    if not timm.is_model(name):
        raise UserError(f'--backbone {_TIMM}{name}: timm has no model with this name.'
                        f'{did_you_mean(name, timm.list_models())}')
    weights = timm.get_pretrained_cfg(name)
    pretrained = weights is not None and weights.has_weights
    backbone = dict(_delete_=True, type='TimmBackbone', name=name, pretrained=pretrained)
    if not pretrained:
        return dict(backbone=backbone)
    mean, std = ([round(255 * value, 3) for value in values]
                 for values in (weights.mean, weights.std))
    return dict(data_preprocessor=dict(mean=mean, std=std), backbone=backbone)


def _cache() -> Path:
    """Where torch keeps weights that it has fetched."""
    return Path(torch.hub.get_dir()) / 'checkpoints'


def _can_be_had(weights: str) -> bool:
    """Whether a file of weights is on this machine, or its server answers."""
    if (_cache() / weights).is_file():
        return True
    try:
        request = urllib.request.Request(_URL + weights, method='HEAD')
        with urllib.request.urlopen(request, timeout=_WAIT):
            return True
    except OSError:  # URLError is one
        return False
