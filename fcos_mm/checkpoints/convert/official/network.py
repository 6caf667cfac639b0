"""The network that weights of the released code belong to, read from their shapes."""
import re
from typing import NamedTuple

from torch import Tensor

from fcos_mm.checkpoints.convert.official.names import BODY, HEAD, OFFSET
from fcos_mm.checkpoints.convert.resnet import DEPTHS
from fcos_mm.checkpoints.convert.source import Weights
from fcos_mm.errors import UserError

_DEPTHS = {blocks: depth for (blocks, bottleneck), depth in DEPTHS.items() if bottleneck}
_STAGES = (1, 2, 3, 4)
_MODULATED = 27  # offsets in y and x and a mask for each of 9 taps
_NO_STAGES = (False, False, False, False)


class Network(NamedTuple):
    """What the shapes of the weights say.

    Attributes:
        depth: Of a ResNet; None for MobileNetV2.
        groups: Of the 3x3 convolutions of the backbone.
        width: Channels of each group in the first stage.
        stem: Channels of the first convolution.
        made: Channels of the maps that the FPN takes, C2 first where the backbone is a ResNet.
        dcn: Whether the 3x3 convolutions of each stage are deformable.
        tower_dcn: Whether the last convolution of each tower is.
        channels: Of the FPN and the towers.
        convs: Number of convolutions in each tower.
        classes: Number of classes.
        from_c5: Whether P6 is computed from C5 and not from P5.
    """
    depth: int | None
    groups: int
    width: int
    stem: int
    made: tuple[int, ...]
    dcn: tuple[bool, ...]
    tower_dcn: bool
    channels: int
    convs: int
    classes: int
    from_c5: bool

    @property
    def name(self) -> str:
        """As in the names of configs: ``'r50'``, ``'x101-64x4d'``, ``'mobilenetv2'``."""
        if self.depth is None:
            return 'mobilenetv2'
        if self.groups == 1:
            return f'r{self.depth}'
        return f'x{self.depth}-{self.groups}x{self.width}d'


def read_network(weights: Weights) -> Network:
    """Read the network from its weights.

    Raises:
        UserError: If a weight that tells about it is missing, or no network of the released code
            has such weights.
    """
    return Network(**_backbone(weights), **_head(weights))


def _tensor(weights: Weights, name: str) -> Tensor:
    if name not in weights:
        raise UserError(f'official: the weight {name} is missing.\n'
                        'Convert the file that the training wrote, unchanged.')
    return weights[name]


def _backbone(weights: Weights) -> dict:
    if f'{BODY}features.0.0.weight' in weights:
        made = tuple(_tensor(weights, f'backbone.fpn.fpn_inner{number}.weight').shape[1]
                     for number in (2, 3, 4))
        return dict(depth=None, groups=1, width=0, stem=0, made=made, dcn=_NO_STAGES)
    deformable = _NO_STAGES
    offsets = [name for name in weights if name.startswith(BODY) and name.endswith(OFFSET)]
    if offsets:
        if {len(weights[name]) for name in offsets} != {_MODULATED}:
            raise UserError('official: the deformable convolutions of the backbone are not those '
                            'of version 2 with one group of offsets.\nThe published models, '
                            'WITH_MODULATED_DCN: True and DEFORMABLE_GROUPS: 1, can be converted.')
        deformable = tuple(f'{BODY}layer{stage}.0.{OFFSET}' in weights for stage in _STAGES)
    conv2 = f'{BODY}layer1.0.conv2.{"conv." * deformable[0]}weight'
    inner, width = _tensor(weights, conv2).shape[:2]
    made = tuple(len(_tensor(weights, f'{BODY}layer{stage}.0.conv3.weight')) for stage in _STAGES)
    return dict(depth=_depth(weights), groups=inner // width, width=width, made=made,
                stem=len(_tensor(weights, f'{BODY}stem.conv1.weight')), dcn=deformable)


def _depth(weights: Weights) -> int:
    blocks = set()
    for name in weights:
        if match := re.match(r'backbone\.body\.layer(\d)\.(\d+)\.', name):
            blocks.add((int(match[1]), int(match[2])))
    counts = tuple(sum(stage == number for stage, _ in blocks) for number in _STAGES)
    if counts not in _DEPTHS:
        known = ', '.join(f'ResNet-{depth} {blocks}' for blocks, depth in _DEPTHS.items())
        raise UserError(f'official: the stages of the backbone have {counts} blocks.\n'
                        f'Backbones that can be converted: {known}, MobileNetV2.')
    return _DEPTHS[counts]


def _head(weights: Weights) -> dict:
    classes, channels = _tensor(weights, f'{HEAD}cls_logits.weight').shape[:2]
    convs = len({name.split('.')[3] for name in weights
                 if re.match(r'rpn\.head\.cls_tower\.\d+\.(conv\.)?weight$', name)}) // 2
    p6 = _tensor(weights, 'backbone.fpn.top_blocks.p6.weight')
    return dict(classes=classes, channels=channels, convs=convs, from_c5=p6.shape[1] != channels,
                tower_dcn=f'{HEAD}cls_tower.{3 * (convs - 1)}.offset.weight' in weights)
