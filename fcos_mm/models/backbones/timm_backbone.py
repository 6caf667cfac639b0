"""Any timm backbone with feature maps, and their channels for the neck."""
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmdet.utils import OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fcos_mm.compat.timm import import_timm
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError, first_line
from fcos_mm.registry import MODELS

# Of timm's constructors: what lets a network take images of any size, newer name first.
_ANY_SIZE = {'dynamic_img_size': True, 'strict_img_size': False}
# Stages by their stride.
_INDICES = {4 << index: index for index in range(5)}


class _Stage(NamedTuple):
    """A feature map of a network of timm: its number there, and the layer that makes it."""
    number: int
    channels: int
    layer: str


@MODELS.register_module()
class TimmBackbone(BaseModule):
    """A timm network by name: ``dict(type='TimmBackbone', name='convnext_tiny')``.

    :class:`fcos_mm.models.FCOS` sets ``neck.in_channels``, so configs can omit it. Networks with
    a fixed image size (CoAtNet, MaxViT, Hiera, LeViT) need ``options`` that set it, and images
    of that size.

    Args:
        name: A name from ``timm.list_models()``, with or without a tag for the weights.
        pretrained: Whether to start from timm's weights, which are looked up, and downloaded if
            necessary, when training starts; or a weights file. Set the input normalisation in the
            config: ``timm.get_pretrained_cfg(name)`` has ``mean`` and ``std`` for RGB in 0..1.
        out_indices: Stages to return, fine to coarse: stage i has stride 4 * 2^i.
        frozen_stages: Stages without gradients and statistics updates: 0 freezes everything
            before the first stage, 1 also the first stage, and so on; -1 freezes nothing.
        norm_eval: Whether batch norms keep their statistics during training.
        options: Other arguments of ``timm.create_model``, such as ``dict(drop_path_rate=0.1)``.
        init_cfg: As in mmengine.

    Raises:
        UserError: If timm cannot be imported, or the network or a stage does not exist.
    """

    def __init__(self,
                 *,
                 name: str,
                 pretrained: bool | str = False,
                 out_indices: Sequence[int] = (0, 1, 2, 3),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 options: dict | None = None,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg)
        self.pretrained = pretrained
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        stages, any_size = _stages_of(name, options)
        self._settings = dict(
            model_name=name, features_only=True, **any_size, **(options or {}),
            out_indices=[stage.number for stage in _chosen(name, stages, out_indices)])
        self.network = _timm().create_model(**self._settings)
        if frozen_stages >= 0:
            self._freeze(stages)

    @classmethod
    def made_channels(cls, *, name: str, out_indices: Sequence[int] = (0, 1, 2, 3),
                      options: dict | None = None, **others) -> list[int]:
        """The channels of the maps that a backbone with these arguments returns."""
        stages, _ = _stages_of(name, options)
        return [stage.channels for stage in _chosen(name, stages, out_indices)]

    def init_weights(self) -> None:
        """Load timm's weights, or initialise as mmengine does; timm has initialised randomly.

        Raises:
            UserError: If the weights cannot be loaded.
        """
        if not self.pretrained:
            super().init_weights()
            return
        source = {} if self.pretrained is True else dict(
            pretrained_cfg_overlay=dict(file=self.pretrained))
        try:
            network = _timm().create_model(**self._settings, **source, pretrained=True)
        except Exception as error:  # of the network, the hub, the file
            reason = first_line(error)
            raise UserError(
                f'Weights of {self._settings["model_name"]} cannot be loaded by timm: {reason}\n'
                'Set model.backbone.pretrained to a file of them, or to False.') from error
        self.network.load_state_dict(network.state_dict())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the stages in ``out_indices``.

        Args:
            x: Images (B, 3, H, W).

        Returns:
            For each stage (B, channels, H / stride, W / stride).
        """
        maps = self.network(x)
        if getattr(self.network, 'output_fmt', None) == 'NHWC':
            maps = [each.permute(0, 3, 1, 2).contiguous() for each in maps]
        return tuple(maps)

    def train(self, mode: bool = True) -> 'TimmBackbone':
        """Set the mode; frozen parts stay in evaluation mode."""
        super().train(mode)
        for module in self.network.modules():
            if self.norm_eval and isinstance(module, _BatchNorm) or _is_frozen(module):
                module.eval()
        return self

    def _freeze(self, stages: dict[int, _Stage]) -> None:
        """Freeze all parameters that are listed before those of the first stage that learns."""
        parameters = getattr(self.network, 'model', self.network).named_parameters()
        named = [(name.replace('.', '_'), parameter) for name, parameter in parameters]
        stage = stages.get(max(0, self.frozen_stages - 1))
        prefix = f'{stage.layer.replace(".", "_")}_' if stage is not None else None
        inside = [index for index, (name, _) in enumerate(named)
                  if prefix is not None and name.startswith(prefix)]
        if not inside:
            raise UserError(f'TimmBackbone: frozen_stages={self.frozen_stages} is not possible, '
                            f'{self._settings["model_name"]} has no such stage.')
        end = inside[-1] + 1 if self.frozen_stages else inside[0]
        for _, parameter in named[:end]:
            parameter.requires_grad_(False)


def _timm():
    return import_timm('TimmBackbone')


def _stages_of(name: str, options: dict | None) -> tuple[dict[int, _Stage], dict[str, Any]]:
    """The stages of a network by their index, and what lets it take images of any size."""
    timm = _timm()
    if ':' not in name and not timm.is_model(name):
        raise UserError(f'TimmBackbone: timm has no model {name!r}.'
                        f'{did_you_mean(name, timm.list_models())}')
    with torch.device('meta'):
        network = timm.create_model(name, **(options or {}))
    stages = {}
    for number, feature in enumerate(getattr(network, 'feature_info', ())):
        index = _INDICES.get(feature['reduction'])
        if index is not None:
            stages[index] = _Stage(number, feature['num_chs'], feature['module'])
    known = inspect.signature(type(network)).parameters
    any_size = next(({option: value} for option, value in _ANY_SIZE.items()
                     if option in known and option not in (options or {})), {})
    return stages, any_size


def _chosen(name: str, stages: dict[int, _Stage], out_indices: Sequence[int]) -> list[_Stage]:
    if not out_indices or list(out_indices) != sorted({*out_indices} & {*stages}):
        raise UserError(f'TimmBackbone: {name} has stages {tuple(sorted(stages))}, of strides '
                        f'{tuple(4 << index for index in sorted(stages))}, but out_indices='
                        f'{tuple(out_indices)}.\nSet out_indices to some of these, in this order.')
    return [stages[index] for index in out_indices]


def _is_frozen(module: nn.Module) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)
