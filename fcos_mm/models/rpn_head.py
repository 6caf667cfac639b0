"""The region proposal network with normalisation, FCOS' counterpart in Section 5."""
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmdet.models.dense_heads import RPNHead
from mmdet.utils import ConfigType
from torch import Tensor

from fcos_mm.registry import MODELS


@MODELS.register_module()
class NormedRPNHead(RPNHead):
    """mmdet's ``RPNHead`` with a normalisation after its one convolution.

    Row "RPN w/ FPN & GN" of Table 8.

    Args:
        norm_cfg: The normalisation.
        **kwargs: mmdet's arguments.
    """

    def __init__(self, *, norm_cfg: ConfigType, **kwargs) -> None:
        self.norm_cfg = norm_cfg
        super().__init__(**kwargs)

    def _init_layers(self) -> None:
        super()._init_layers()
        _, self.rpn_norm = build_norm_layer(self.norm_cfg, self.feat_channels)

    def forward_single(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the head to one level.

        Args:
            x: Feature map (B, in_channels, H, W).

        Returns:
            Objectness logits (B, A, H, W) and box deltas (B, 4 * A, H, W) of
            A anchors a location.
        """
        x = F.relu(self.rpn_norm(self.rpn_conv(x)))
        return self.rpn_cls(x), self.rpn_reg(x)
