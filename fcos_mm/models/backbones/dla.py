"""Deep layer aggregation: a backbone whose blocks are the leaves of trees."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmdet.utils import ConfigType, OptMultiConfig
from torch import Tensor, nn

from fcos_mm.models.backbones.staged import StagedBackbone
from fcos_mm.registry import MODELS

#: Height of the tree of each stage, by the depth of the network.
_HEIGHTS = {34: (1, 2, 2, 1)}
_FIRST_TREE = 2  # level2 is stage 0


@MODELS.register_module()
class DLA(StagedBackbone):
    """DLA-34 ("Deep Layer Aggregation", Yu et al., CVPR 2018).

    Stages 0 to 3 are the paper's ``level2`` to ``level5`` with strides 4, 8, 16 and 32. Parameters
    have the names of the published weights, which load without their classifier and without the
    projections of the higher trees: these never reach an output.

    Sides of the images should be multiples of 32 (``data_preprocessor.pad_size_divisor``).

    Args:
        depth: 34.
        base_channels: Channels of the first layer; stages have 4, 8, 16 and 32 times as many.
        out_indices: As in :class:`StagedBackbone`.
        frozen_stages: As there.
        norm_eval: As there.
        norm_cfg: Normalisation.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If the depth or a stage does not exist.
    """

    def __init__(self,
                 *,
                 depth: int = 34,
                 base_channels: int = 16,
                 out_indices: Sequence[int] = (1, 2, 3),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 norm_cfg: ConfigType = dict(type='BN'),
                 init_cfg: OptMultiConfig = dict(type='Kaiming', layer='Conv2d')) -> None:
        if depth not in _HEIGHTS:
            raise ValueError(f'depth={depth!r} is none of {", ".join(map(str, _HEIGHTS))}')
        super().__init__(stages=len(_HEIGHTS[depth]), out_indices=out_indices,
                         frozen_stages=frozen_stages, norm_eval=norm_eval, init_cfg=init_cfg)
        self.base_layer = _conv_norm_relu(3, base_channels, 7, 1, norm_cfg)
        self.level0 = _conv_norm_relu(base_channels, base_channels, 3, 1, norm_cfg)
        self.level1 = _conv_norm_relu(base_channels, 2 * base_channels, 3, 2, norm_cfg)
        for stage in range(max(self.out_indices) + 1):
            channels = base_channels << (stage + _FIRST_TREE)
            self.add_module(_name(stage), _Tree(
                _HEIGHTS[depth][stage], channels // 2, channels, norm_cfg,
                stride=2, with_input=stage > 0))
        self._freeze()
        self.register_load_state_dict_pre_hook(_leave_out_unbuilt)

    @classmethod
    def made_channels(cls, *, base_channels: int = 16, out_indices: Sequence[int] = (1, 2, 3),
                      **others) -> list[int]:
        """The channels of the maps that a backbone with these arguments returns."""
        return [base_channels << (stage + _FIRST_TREE) for stage in out_indices]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the stages in ``out_indices``.

        Args:
            x: Images (B, 3, H, W).

        Returns:
            For each stage (B, channels, H / stride, W / stride).
        """
        x = self.level1(self.level0(self.base_layer(x)))
        stages = []
        for stage in range(max(self.out_indices) + 1):
            x = getattr(self, _name(stage))(x)
            stages.append(x)
        return tuple(stages[stage] for stage in self.out_indices)

    def _frozen(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        stages = range(min(self.frozen_stages, max(self.out_indices) + 1))
        return [self.base_layer, self.level0, self.level1,
                *(getattr(self, _name(stage)) for stage in stages)]


class _Tree(nn.Module):
    """A tree of blocks (Fig. 3 of the paper): its root aggregates what lies on the way to it.

    Of height 1, two blocks and their root. Higher, two trees, of which the first hands its output,
    beside what is ``passed``, to the root of the second.

    Args:
        height: Height of the tree.
        in_channels: Channels of its input.
        out_channels: Channels of its output.
        norm_cfg: Normalisation.
        stride: Of the first block; its shortcut is pooled.
        with_input: Whether the root also gets the pooled input.
        passed_channels: Channels of the maps that are passed to the root from outside.
    """

    def __init__(self, height: int, in_channels: int, out_channels: int, norm_cfg: ConfigType,
                 *, stride: int = 1, with_input: bool = False, passed_channels: int = 0) -> None:
        super().__init__()
        self.stride, self.with_input, self.is_pair = stride, with_input, height == 1
        passed_channels += in_channels * with_input
        if self.is_pair:
            self.tree1 = _Block(in_channels, out_channels, norm_cfg, stride)
            self.tree2 = _Block(out_channels, out_channels, norm_cfg)
            self.root = _Root(2 * out_channels + passed_channels, out_channels, norm_cfg)
            self.project = None
            if in_channels != out_channels:
                self.project = nn.Sequential(
                    nn.Conv2d(in_channels, out_channels, 1, bias=False),
                    build_norm_layer(norm_cfg, out_channels)[1])
        else:
            self.tree1 = _Tree(height - 1, in_channels, out_channels, norm_cfg, stride=stride)
            self.tree2 = _Tree(height - 1, out_channels, out_channels, norm_cfg,
                               passed_channels=passed_channels + out_channels)

    def forward(self, x: Tensor, passed: Sequence[Tensor] = ()) -> Tensor:
        """Apply to (B, in_channels, H, W) and maps of the size of the output."""
        pooled = x
        if self.stride > 1 and (self.with_input or self.is_pair):
            pooled = F.max_pool2d(x, self.stride)
        if self.with_input:
            passed = (*passed, pooled)
        if self.is_pair:
            first = self.tree1(x, pooled if self.project is None else self.project(pooled))
            second = self.tree2(first, first)
            return self.root(second, first, *passed)
        first = self.tree1(x)
        return self.tree2(first, (*passed, first))


class _Block(nn.Module):
    """Two 3x3 convolutions, to whose result the shortcut is added."""

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: ConfigType,
                 stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = build_norm_layer(norm_cfg, out_channels)[1]
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = build_norm_layer(norm_cfg, out_channels)[1]

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)) + shortcut, inplace=True)


class _Root(nn.Module):
    """Aggregates maps by a 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: ConfigType) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn = build_norm_layer(norm_cfg, out_channels)[1]

    def forward(self, *maps: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(torch.cat(maps, 1))), inplace=True)


def _conv_norm_relu(in_channels: int, out_channels: int, kernel: int, stride: int,
                    norm_cfg: ConfigType) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False),
        build_norm_layer(norm_cfg, out_channels)[1],
        nn.ReLU(inplace=True))


def _name(stage: int) -> str:
    return f'level{stage + _FIRST_TREE}'


def _leave_out_unbuilt(backbone: DLA, weights: dict, prefix: str, *args) -> None:
    """Take from weights the classifier, later stages, and projections without effect."""
    unbuilt = [f'{prefix}fc.']
    for stage in range(len(next(iter(_HEIGHTS.values())))):
        tree = getattr(backbone, _name(stage), None)
        if tree is None:
            unbuilt.append(f'{prefix}{_name(stage)}.')
        else:
            unbuilt += [f'{prefix}{_name(stage)}.{name}.project.'.replace('..', '.')
                        for name, module in tree.named_modules()
                        if isinstance(module, _Tree) and not module.is_pair]
    for name in [name for name in weights if name.startswith(tuple(unbuilt))]:
        del weights[name]
