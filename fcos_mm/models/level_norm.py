"""A convolution that all levels share, with a normalisation of its own for each."""
import torch.nn.functional as F
from mmcv.cnn import build_conv_layer, build_norm_layer
from mmdet.utils import ConfigType, OptConfigType
from torch import Tensor, nn


class LevelNormConv(nn.Module):
    """A 3x3 convolution, the normalisation of the level that the map is from, and ReLU.

    Batch normalisation in towers that all levels share needs this: the statistics of the levels
    differ. AdelaiDet's FCOS has it for ``NORM='BN'`` and ``'SyncBN'``. Parameters are ``conv.*``
    and ``bns.<level>.*``. The normalisation cannot be folded into the convolution.

    Args:
        in_channels: Channels of the maps.
        out_channels: Channels that are made.
        levels: Number of levels L.
        norm_cfg: The normalisation.
        conv_cfg: Another kind of convolution.
        bias: Whether the convolution has a bias.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 *,
                 levels: int,
                 norm_cfg: ConfigType,
                 conv_cfg: OptConfigType = None,
                 bias: bool = False) -> None:
        super().__init__()
        self.conv = build_conv_layer(conv_cfg, in_channels, out_channels, 3, padding=1, bias=bias)
        self.bns = nn.ModuleList(
            build_norm_layer(norm_cfg, out_channels)[1] for _ in range(levels))

    def forward(self, feat: Tensor, level: int) -> Tensor:
        """Apply to the map (B, in_channels, H, W) of a level."""
        return F.relu(self.bns[level](self.conv(feat)), inplace=True)
