"""MobileNetV2 without the layer of its classifier."""
from collections.abc import Sequence

from mmdet.models.backbones import MobileNetV2
from mmdet.models.utils import make_divisible
from mmdet.utils import ConfigType, OptMultiConfig

from fcos_mm.registry import MODELS


@MODELS.register_module()
class MobileNetV2Body(MobileNetV2):
    """mmdet's ``MobileNetV2`` (Sandler et al., CVPR 2018) up to its last block.

    mmdet's also has, and computes, the convolution with 1,280 channels of the classifier. The
    detectors of the released code have none. All other weights have the names of mmdet's.

    Args:
        widen_factor: Factor of all numbers of channels.
        out_indices: Groups of blocks to return, from 0 to 6, with 16, 24, 32, 64, 96, 160 and
            320 channels and strides 2, 4, 8, 16, 16, 32 and 32.
        frozen_stages: 0 freezes the first convolution, 1 also the first group, and so on up to
            7; -1 freezes nothing.
        norm_cfg: Normalisation.
        norm_eval: Whether batch norms keep their statistics during training.
        with_cp: Whether to recompute activations instead of storing them.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If a group does not exist.
    """

    def __init__(self,
                 *,
                 widen_factor: float = 1.,
                 out_indices: Sequence[int] = (2, 4, 6),
                 frozen_stages: int = -1,
                 norm_cfg: ConfigType = dict(type='BN'),
                 norm_eval: bool = False,
                 with_cp: bool = False,
                 init_cfg: OptMultiConfig = None) -> None:
        groups = len(self.arch_settings)
        if not out_indices or not set(out_indices) <= set(range(groups)):
            raise ValueError(f'out_indices={out_indices} are not groups from 0 to {groups - 1}')
        super().__init__(widen_factor=widen_factor, out_indices=tuple(out_indices),
                         frozen_stages=frozen_stages, norm_cfg=norm_cfg, norm_eval=norm_eval,
                         with_cp=with_cp, init_cfg=init_cfg)
        del self.conv2
        self.layers.remove('conv2')

    @classmethod
    def made_channels(cls, *, widen_factor: float = 1., out_indices: Sequence[int] = (2, 4, 6),
                      **others) -> list[int]:
        """The channels of the maps that a backbone with these arguments returns."""
        return [make_divisible(cls.arch_settings[index][1] * widen_factor, 8)
                for index in out_indices]

    def train(self, mode: bool = True) -> 'MobileNetV2Body':
        """Set the mode; frozen groups stay in evaluation mode."""
        super().train(mode)
        return self
