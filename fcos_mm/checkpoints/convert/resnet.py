"""The settings of a ResNet or ResNeXt, from the shapes of its weights."""
import re

from fcos_mm.checkpoints.convert.source import Weights
from fcos_mm.errors import UserError

#: Depth of a ResNet by the blocks of each stage, and whether they are bottlenecks.
DEPTHS = {
    ((2, 2, 2, 2), False): 18, ((3, 4, 6, 3), False): 34, ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101, ((3, 8, 36, 3), True): 152}
_WIDTH = 64  # of the first stage


def resnet_settings(weights: Weights, prefix: str = 'backbone.') -> dict:
    """Read depth, widths, groups and deformable convolutions of a backbone.

    Args:
        weights: By mmdet's names: ``backbone.layer1.0.conv1.weight``.
        prefix: Before ``conv1`` and ``layer1``.

    Returns:
        Settings of mmdet's ``ResNet`` or ``ResNeXt`` that differ from its defaults, with ``type``
        and ``depth``.

    Raises:
        UserError: If it is no ResNet of a known depth.
    """
    blocks = tuple(_blocks(weights, f'{prefix}layer{stage}.') for stage in range(1, 5))
    bottleneck = f'{prefix}layer1.0.conv3.weight' in weights
    if f'{prefix}conv1.weight' not in weights or (blocks, bottleneck) not in DEPTHS:
        raise UserError(f'The backbone is not a ResNet or ResNeXt of a known depth: it has '
                        f'{blocks} blocks. Such a checkpoint cannot be converted without the '
                        'config of its training.')
    settings = dict(type='ResNet', depth=DEPTHS[blocks, bottleneck])
    width, inside = weights[f'{prefix}layer1.0.conv2.weight'].shape[:2]
    groups = width // inside
    if groups > 1:
        settings.update(type='ResNeXt', groups=groups, base_width=width // groups)
    elif width != _WIDTH:
        settings.update(base_channels=width)
    return {**settings, **_deformable(weights, prefix, blocks)}


def output_channels(weights: Weights, prefix: str = 'backbone.') -> list[int]:
    """The channels of the four stages."""
    last = 3 if f'{prefix}layer1.0.conv3.weight' in weights else 2
    first = weights[f'{prefix}layer1.0.conv{last}.weight'].size(0)
    return [first << stage for stage in range(4)]


def _blocks(weights: Weights, prefix: str) -> int:
    return len({match[1] for name in weights
                if (match := re.match(rf'{re.escape(prefix)}(\d+)\.', name))})


def _deformable(weights: Weights, prefix: str, blocks: tuple[int, ...]) -> dict:
    """The settings of deformable convolutions; empty without."""
    def offset(stage: int, block: int):
        return weights.get(f'{prefix}layer{stage}.{block}.conv2.conv_offset.weight')

    stages = [any(offset(stage, block) is not None for block in range(number))
              for stage, number in enumerate(blocks, start=1)]
    if not any(stages):
        return {}
    stage = stages.index(True) + 1
    first = next(offset(stage, block) for block in range(blocks[stage - 1])
                 if offset(stage, block) is not None)
    per_group = 18  # two coordinates for 9 points; v2 has a weight for each as well
    kind = 'DCNv2' if first.size(0) % 27 == 0 else 'DCN'
    groups = first.size(0) // (27 if kind == 'DCNv2' else per_group)
    return dict(dcn=dict(type=kind, deform_groups=groups,
                         fallback_on_stride=offset(stage, 0) is None),
                stage_with_dcn=tuple(stages))
