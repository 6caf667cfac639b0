"""MobileNetV2 without the layer of its classifier, against mmdet's with it."""
import fcos_mm  # noqa: F401  isort: skip
import pytest
import torch
from mmdet.models.backbones import MobileNetV2

from fcos_mm.models.backbones import MobileNetV2Body


def test_same_maps_as_mmdet():
    torch.manual_seed(0)
    theirs = MobileNetV2(widen_factor=0.25, out_indices=(2, 4, 6))
    ours = MobileNetV2Body(widen_factor=0.25, norm_eval=True)
    rest = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert not rest.missing_keys
    assert {name.split('.')[0] for name in rest.unexpected_keys} == {'conv2'}
    theirs.eval()
    assert ours.train() is ours and not ours.conv1.bn.training
    images = torch.randn(1, 3, 64, 64)
    maps = ours(images)
    for ours_, wanted in zip(maps, theirs(images), strict=True):
        torch.testing.assert_close(ours_, wanted)
    assert [m.shape[1] for m in maps] == MobileNetV2Body.made_channels(widen_factor=0.25)


def test_frozen_groups_and_channels():
    ours = MobileNetV2Body(frozen_stages=1, out_indices=(1, 6)).train()
    assert not any(p.requires_grad for p in ours.layer1.parameters())
    assert ours.layer2.training and not ours.layer1.training
    assert MobileNetV2Body.made_channels() == [32, 96, 320]


@pytest.mark.parametrize('out_indices', [(), (2, 7)])
def test_refuses_groups_that_do_not_exist(out_indices):
    with pytest.raises(ValueError, match='from 0 to 6'):
        MobileNetV2Body(out_indices=out_indices)
