"""Settings of ResNets by the shapes of their weights: those that made them come out again."""
import copy

import pytest
from mmdet.models.backbones import ResNet, ResNeXt

from fcos_mm.checkpoints.convert.resnet import output_channels, resnet_settings
from fcos_mm.errors import UserError

DCN = dict(type='DCNv2', deform_groups=1, fallback_on_stride=False)


@pytest.mark.parametrize('kind, settings', [
    (ResNet, dict(depth=18, base_channels=8)),
    (ResNet, dict(depth=34, base_channels=8)),
    (ResNet, dict(depth=50)),
    (ResNet, dict(depth=101, base_channels=8)),
    (ResNet, dict(depth=50, base_channels=8, dcn=DCN, stage_with_dcn=(False, True, True, True))),
    (ResNet, dict(depth=50, base_channels=8, stage_with_dcn=(False, False, False, True),
                  dcn=dict(type='DCN', deform_groups=2, fallback_on_stride=True))),
    (ResNeXt, dict(depth=50, groups=32, base_width=8)),
    (ResNeXt, dict(depth=50, groups=64, base_width=4)),
], ids=str)
def test_settings_come_out_again(kind, settings):
    model = kind(**copy.deepcopy(settings))  # which takes entries out
    weights = {f'backbone.{name}': value for name, value in model.state_dict().items()}
    assert resnet_settings(weights) == dict(type=kind.__name__, **settings)
    base = settings.get('base_channels', 64)
    factor = 1 if settings['depth'] < 50 else 4
    assert output_channels(weights) == [base * factor * 2**stage for stage in range(4)]


def test_other_networks_are_refused():
    with pytest.raises(UserError, match='not a ResNet or ResNeXt of a known depth'):
        resnet_settings({'backbone.stem.conv.weight': None})
