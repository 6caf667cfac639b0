"""detectron2's ResNet and FPN: the names of their weights, and their settings from the shapes."""
import re

from fcos_mm.checkpoints.convert.renaming import Rule
from fcos_mm.checkpoints.convert.resnet import DEPTHS, output_channels
from fcos_mm.checkpoints.convert.source import Weights
from fcos_mm.errors import UserError

_FIRST_LEVEL = 3
_POINTS = 27  # of a 3x3 kernel: two coordinates and a weight
#: What the configs of the presets have.
_USUAL_RESNET = dict(depth=50, base_channels=64, stem_channels=64)
_USUAL_FPN = dict(in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=5)


def _stage_rules(stage: int) -> list[Rule]:
    theirs, ours = rf'backbone\.bottom_up\.res{stage + 1}\.(\d+)\.', rf'backbone.layer{stage}.\1.'
    return [
        (theirs + r'conv(\d)\.weight', ours + r'conv\2.weight'),
        (theirs + r'conv(\d)\.norm\.(\w+)', ours + r'bn\2.\3'),
        (theirs + r'conv2_offset\.(\w+)', ours + r'conv2.conv_offset.\2'),
        (theirs + r'shortcut\.weight', ours + 'downsample.0.weight'),
        (theirs + r'shortcut\.norm\.(\w+)', ours + r'downsample.1.\2')]


RESNET_RULES: tuple[Rule, ...] = (
    (r'backbone\.bottom_up\.stem\.conv1\.weight', 'backbone.conv1.weight'),
    (r'backbone\.bottom_up\.stem\.conv1\.norm\.(\w+)', r'backbone.bn1.\1'),
    *(rule for stage in range(1, 5) for rule in _stage_rules(stage)))

#: Of an FPN that starts at P3 and makes P6 and P7 from P5.
FPN_RULES: tuple[Rule, ...] = (
    *((rf'backbone\.fpn_lateral{level}\.(weight|bias)',
       rf'neck.lateral_convs.{level - _FIRST_LEVEL}.conv.\1') for level in (3, 4, 5)),
    *((rf'backbone\.fpn_output{level}\.(weight|bias)',
       rf'neck.fpn_convs.{level - _FIRST_LEVEL}.conv.\1') for level in (3, 4, 5)),
    *((rf'backbone\.top_block\.p{level}\.(weight|bias)',
       rf'neck.fpn_convs.{level - _FIRST_LEVEL}.conv.\1') for level in (6, 7)))


def resnet_settings(weights: Weights, source: str) -> dict:
    """Read depth, widths, groups and deformable convolutions from renamed weights.

    Args:
        weights: By our names.
        source: Of messages.

    Returns:
        What differs from the backbone of the presets, ResNet-50.

    Raises:
        UserError: If it is no ResNet or ResNeXt that mmdet has.
    """
    blocks = tuple(_numbers(weights, rf'backbone\.layer{stage}\.(\d+)\..*')
                   for stage in range(1, 5))
    depth = DEPTHS.get((blocks, 'backbone.layer1.0.conv3.weight' in weights))
    if depth is None or 'backbone.conv1.weight' not in weights:
        raise UserError(f'{source}: the backbone has {blocks} blocks, so it is no ResNet of a '
                        'known depth.\nResNet-18, 34, 50, 101, 152 and ResNeXt can be converted.')
    made = output_channels(weights)[0]
    width, inside = needed(weights, 'backbone.layer1.0.conv2.weight', source).shape[:2]
    groups = width // inside
    base = made if depth < 50 else made // 4
    if groups == 1 and width != base:
        raise UserError(f'{source}: the inner convolutions of the backbone have {width} channels, '
                        f'and its first stage {made}.\nResNets with four times as many, and '
                        'ResNeXts, can be converted.')
    settings = _unusual(dict(depth=depth, base_channels=base,
                             stem_channels=weights['backbone.conv1.weight'].size(0)),
                        _USUAL_RESNET)
    if groups > 1:
        settings.update(type='ResNeXt', style='pytorch', groups=groups, base_width=width // groups)
    if is_trained(weights):
        settings.update(norm_cfg=dict(requires_grad=True), norm_eval=False)
    return dict(settings, **_deformable(weights, source), init_cfg=None)


def fpn_settings(weights: Weights, in_channels: list[int], source: str) -> dict:
    """Read the widths and the number of levels of the FPN from renamed weights.

    Args:
        weights: By our names.
        in_channels: Of the maps of all stages of the backbone.
        source: Of messages.

    Returns:
        What differs from the neck of the presets.
    """
    out_channels = needed(weights, 'neck.lateral_convs.0.conv.weight', source).size(0)
    settings = _unusual(dict(in_channels=in_channels, out_channels=out_channels,
                             num_outs=count_levels(weights)), _USUAL_FPN)
    p6 = weights.get('neck.fpn_convs.3.conv.weight')
    if p6 is not None and p6.size(1) != out_channels:
        settings['add_extra_convs'] = 'on_input'  # from C5
    return settings


def count_levels(weights: Weights) -> int:
    """The number of maps that the FPN makes, from renamed weights."""
    return _numbers(weights, r'neck\.fpn_convs\.(\d+)\.conv\.weight')


def is_trained(weights: Weights) -> bool:
    """Whether the normalisation of the backbone was trained, not only its frozen stages' fixed."""
    return any(name.startswith('backbone.') and name.endswith('num_batches_tracked')
               for name in weights)


def needed(weights: Weights, name: str, source: str):
    """The weight of a name.

    Raises:
        UserError: If there is none.
    """
    if name not in weights:
        raise UserError(f'{source}: the weight that becomes {name} is missing.\nConvert the file '
                        'that the training wrote, unchanged.')
    return weights[name]


def _deformable(weights: Weights, source: str) -> dict:
    """The settings of deformable convolutions; empty without."""
    offsets = {int(match[1]): value.size(0) for name, value in weights.items() if (
        match := re.fullmatch(r'backbone\.layer(\d)\.0\.conv2\.conv_offset\.bias', name))}
    if not offsets:
        return {}
    channels, *others = set(offsets.values())
    if others or channels % _POINTS:
        raise UserError(f'{source}: the deformable convolutions have no weights for their points '
                        f'({sorted(offsets.values())} offsets).\nOnly modulated ones, '
                        'DEFORM_MODULATED, can be converted.')
    return dict(dcn=dict(type='DCNv2', deform_groups=channels // _POINTS, fallback_on_stride=False),
                stage_with_dcn=tuple(stage in offsets for stage in range(1, 5)))


def _numbers(weights: Weights, pattern: str) -> int:
    """How many different numbers the names that fit a pattern have in its group."""
    return len({match[1] for name in weights if (match := re.fullmatch(pattern, name))})


def _unusual(settings: dict, usual: dict) -> dict:
    return {name: value for name, value in settings.items() if usual.get(name) != value}
