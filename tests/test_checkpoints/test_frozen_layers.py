"""Layers that no training changes must have been loaded."""
import pytest
from torch import nn

from fcos_mm.checkpoints.frozen_layers import check_frozen, record_loading
from fcos_mm.errors import UserError


class Backbone(nn.Module):
    """Two stages; as many are frozen as mmdet's ``frozen_stages`` says."""

    def __init__(self, norm, frozen_stages=1, norm_eval=False):
        super().__init__()
        self.frozen_stages, self.norm_eval = frozen_stages, norm_eval
        self.stages = nn.ModuleList(nn.Sequential(nn.Conv2d(3, 3, 1), norm()) for _ in range(2))
        for stage in self.stages[:max(0, frozen_stages)]:
            stage.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for module in self.modules():
            if mode and self.norm_eval and isinstance(module, nn.BatchNorm2d):
                module.train(False)
        return self


def model(norm=lambda: nn.BatchNorm2d(3), **settings):
    built = nn.Module()
    built.backbone = Backbone(norm, **settings)
    record_loading(built)
    return built


@pytest.mark.parametrize('built, text', [
    (model(), 'backbone.stages.0.1. .*--cfg-options model.backbone.frozen_stages=-1\n'),
    (model(frozen_stages=-1, norm_eval=True),
     'backbone.stages.0.1, backbone.stages.1.1. .*--cfg-options model.backbone.norm_eval=False\n'),
    (model(lambda: nn.GroupNorm(1, 3)), 'backbone.stages.0.1. '),
    (model(nn.Identity), 'backbone.stages.0.0. ')], ids=['BN', 'norm_eval', 'GN', 'no norm'])
def test_random_and_frozen(built, text):
    with pytest.raises(UserError, match=f'(?s)stay random: {text.replace(". ", "[.].", 1)}'):
        check_frozen(built)


@pytest.mark.parametrize('norm', [lambda: nn.BatchNorm2d(3), nn.Identity])
def test_loaded_or_trained(norm):
    check_frozen(model(norm, frozen_stages=-1))
    loaded = model(norm, norm_eval=True)
    loaded.load_state_dict(loaded.state_dict())
    check_frozen(loaded)


def test_weights_that_a_backbone_loads_itself():
    built = model()
    built.backbone.stages[0][1].running_mean.fill_(0.5)
    check_frozen(built)


def test_what_is_frozen_on_purpose():
    """A position code, a scale, a normalisation without weights."""
    built = model(frozen_stages=-1)
    built.position = nn.Embedding(3, 3).requires_grad_(False)
    built.norm = nn.LayerNorm(3, elementwise_affine=False)
    check_frozen(built)
