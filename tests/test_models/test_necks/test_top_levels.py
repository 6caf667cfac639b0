"""Where P6 and P7 come from, by the settings of mmdet's pyramids."""
import pytest
import torch
from mmengine.registry import DefaultScope

from fcos_mm.registry import MODELS

NECK = dict(in_channels=[2, 4, 8, 16], out_channels=6, start_level=1, num_outs=5,
            relu_before_extra_convs=True)
BOTTOM_UP = {f'{part}.{level}' for part in ('downsample_convs', 'pafpn_convs') for level in (0, 1)}


def build(kind, **options):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return MODELS.build(dict(type=kind, **{**NECK, **options}))


def maps():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, channels, 64 >> level, 64 >> level, generator=generator)
            for level, channels in enumerate(NECK['in_channels'])]


def layers(neck):
    return {name.rpartition('.conv')[0] for name in neck.state_dict()}


@pytest.mark.parametrize('kind, more', [('FPN', set()), ('PAFPN', BOTTOM_UP)])
@pytest.mark.parametrize('source, tops', [
    ('on_output', {3: 6, 4: 6}), ('on_input', {3: 16, 4: 6}), ('on_lateral', {3: 6, 4: 6}),
    (False, {})])
def test_layers_of_the_top_levels(kind, more, source, tops):
    """P5, C5, the lateral of C5, or pooled: the channels that each convolution reads."""
    neck = build(kind, add_extra_convs=source)
    plain = {f'{part}_convs.{level}' for part in ('lateral', 'fpn') for level in range(3)}
    assert layers(neck) == plain | more | {f'fpn_convs.{index}' for index in tops}
    assert {index: neck.fpn_convs[index].conv.in_channels for index in tops} == tops
    made = neck(maps())
    assert [each.size(2) for each in made] == [32, 16, 8, 4, 2]
    if not tops:
        assert torch.equal(made[3], made[2][:, :, ::2, ::2])
        assert torch.equal(made[4], made[3][:, :, ::2, ::2])


def test_none():
    neck = build('FPN', num_outs=3, add_extra_convs=False)
    assert len(neck.fpn_convs) == len(neck(maps())) == 3


def test_one_above():
    neck = build('FPN', num_outs=4, add_extra_convs='on_output')
    assert len(neck.fpn_convs) == len(neck(maps())) == 4
