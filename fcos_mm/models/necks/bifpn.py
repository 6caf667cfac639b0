"""The weighted bidirectional feature pyramid of EfficientDet."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, build_activation_layer, build_norm_layer
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn

from fcos_mm.registry import MODELS

#: As EfficientDet: batch normalisation that averages over 100 steps.
_NORM = dict(type='BN', eps=1e-3, momentum=0.01)


@MODELS.register_module()
class BiFPN(BaseModule):
    """BiFPN (Tan et al., "EfficientDet", CVPR 2020): levels fused up and down, again and again.

    A 1x1 convolution brings each map of the backbone to ``out_channels``. One more on the last map
    and a max-pooling make the first level above it, a max-pooling each further one. Then
    :class:`BiFPNLayer` is applied ``num_repeats`` times.

    Args:
        in_channels: Channels of the backbone's maps, fine to coarse.
        out_channels: Channels of all levels.
        num_outs: Number of levels L, at least 2.
        start_level: The first map that is used.
        end_level: The last map that is used; -1 is the last there is.
        num_repeats: Number of layers; EfficientDet-D0 to D7 have 3 to 8.
        eps: Added to the sum of the fusion weights.
        norm_cfg: Normalisation behind each convolution.
        act_cfg: Activation before the convolution of each node.
        init_cfg: Initialisation.

    Raises:
        ValueError: If there are fewer levels than maps, or fewer than 2, or no layer.
    """

    def __init__(self,
                 *,
                 in_channels: Sequence[int],
                 out_channels: int,
                 num_outs: int = 5,
                 start_level: int = 0,
                 end_level: int = -1,
                 num_repeats: int = 3,
                 eps: float = 1e-4,
                 norm_cfg: ConfigType = _NORM,
                 act_cfg: ConfigType = dict(type='SiLU'),
                 init_cfg: OptMultiConfig = dict(
                     type='Xavier', layer='Conv2d', distribution='uniform')) -> None:
        super().__init__(init_cfg)
        self.used = slice(start_level, len(in_channels) if end_level == -1 else end_level + 1)
        used = list(in_channels)[self.used]
        if not used or num_outs < max(2, len(used)):
            raise ValueError(
                f'num_outs={num_outs} must be at least 2 and at least the number of maps, which '
                f'is {len(used)}: in_channels={list(in_channels)} from start_level={start_level} '
                f'to end_level={end_level}')
        if num_repeats < 1:
            raise ValueError(f'num_repeats must be at least 1, got {num_repeats}')
        self.num_inputs = len(in_channels)
        self.num_outs = num_outs
        projection = dict(norm_cfg=norm_cfg, act_cfg=None)
        self.lateral_convs = nn.ModuleList(
            ConvModule(channels, out_channels, 1, **projection) for channels in used)
        self.top_conv = None
        if num_outs > len(used):
            self.top_conv = ConvModule(used[-1], out_channels, 1, **projection)
        self.layers = nn.ModuleList(
            BiFPNLayer(out_channels, levels=num_outs, eps=eps, norm_cfg=norm_cfg, act_cfg=act_cfg)
            for _ in range(num_repeats))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Fuse the backbone's maps.

        Args:
            inputs: Maps (B, channels, H, W), fine to coarse; each has half the size, rounded up,
                of the one before.

        Returns:
            L maps (B, out_channels, H, W).
        """
        assert len(inputs) == self.num_inputs
        used = inputs[self.used]
        levels = [conv(each) for conv, each in zip(self.lateral_convs, used)]
        if self.top_conv is not None:
            levels.append(_pooled(self.top_conv(used[-1])))
        while len(levels) < self.num_outs:
            levels.append(_pooled(levels[-1]))
        for layer in self.layers:
            levels = layer(levels)
        return tuple(levels)


class BiFPNLayer(nn.Module):
    """One pass down and one up (Fig. 2d of the paper).

    On the way down, all but the highest level are fused with the one above. On the way up, all but
    the lowest are fused with the one below; levels between the ends also with their input.

    Attributes:
        down_weights: (L - 1, 2) of each level but the highest: input, level above.
        up_weights: (L - 2, 3) of each level between the ends: input, fused on the way down,
            level below.
        top_weights: (2,) of the highest level: input, level below.
    """

    def __init__(self, channels: int, *, levels: int, eps: float, norm_cfg: ConfigType,
                 act_cfg: ConfigType) -> None:
        super().__init__()
        self.eps = eps
        self.down_weights = nn.Parameter(torch.ones(levels - 1, 2))
        self.up_weights = nn.Parameter(torch.ones(levels - 2, 3)) if levels > 2 else None
        self.top_weights = nn.Parameter(torch.ones(2))
        self.down_nodes, self.up_nodes = (
            nn.ModuleList(_Node(channels, norm_cfg, act_cfg) for _ in range(levels - 1))
            for _ in range(2))

    def forward(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Fuse L maps (B, C, H, W), fine to coarse."""
        last = len(inputs) - 1
        down = [inputs[last]]  # of the levels from the highest
        for level in reversed(range(last)):
            above = F.interpolate(down[0], size=inputs[level].shape[-2:], mode='nearest')
            down.insert(0, self.down_nodes[level](
                self._fused(self.down_weights[level], inputs[level], above)))
        outputs = [down[0]]
        for level in range(1, last):
            outputs.append(self.up_nodes[level - 1](self._fused(
                self.up_weights[level - 1], inputs[level], down[level], _pooled(outputs[-1]))))
        outputs.append(self.up_nodes[last - 1](
            self._fused(self.top_weights, inputs[last], _pooled(outputs[-1]))))
        return outputs

    def _fused(self, weights: Tensor, *maps: Tensor) -> Tensor:
        """The paper's fast normalised fusion: a weighted mean with weights of at least 0."""
        weights = weights.relu()
        weights = weights / (weights.sum() + self.eps)
        return sum(weight * each for weight, each in zip(weights, maps))


class _Node(nn.Module):
    """Activation, a convolution of each channel, one across channels, normalisation."""

    def __init__(self, channels: int, norm_cfg: ConfigType, act_cfg: ConfigType) -> None:
        super().__init__()
        self.activate = build_activation_layer(act_cfg)
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(self.activate(x))))


def _pooled(x: Tensor) -> Tensor:
    """Half the size, rounded up."""
    return F.max_pool2d(x, 3, stride=2, padding=1)
