"""The backbone by name, or by the machine."""
import sys
from types import SimpleNamespace

import pytest

from fcos_mm.errors import UserError
from fcos_mm.recipes import backbones
from fcos_mm.recipes.backbones import choose_backbone
from fcos_mm.recipes.machine import Machine

CPU, GPU = Machine('cpu', 'CPU', 2, 2**33), Machine('cuda', 'GPU', 8, 2**34)


@pytest.fixture
def reachable(monkeypatch, tmp_path):
    """``reachable(answer)``: no weights in the cache, and whether their server answers."""
    monkeypatch.setattr('torch.hub.get_dir', lambda: str(tmp_path))

    def say(answer):
        def urlopen(request, timeout):
            assert timeout < 10
            if not answer:
                raise OSError('no route')
            return open(__file__)
        monkeypatch.setattr(backbones.urllib.request, 'urlopen', urlopen)
    return say


@pytest.mark.parametrize('machine, answer, name', [
    (CPU, True, 'efficientnet-lite0'), (GPU, True, 'resnet50'),
    (GPU, False, 'efficientnet-lite0')])
def test_by_the_machine(reachable, machine, answer, name):
    reachable(answer)
    assert choose_backbone(None, machine).name == name


def test_weights_in_the_cache_are_enough(reachable, tmp_path):
    reachable(False)
    (tmp_path / 'checkpoints').mkdir()
    (tmp_path / 'checkpoints' / 'resnet50-0676ba61.pth').touch()
    assert choose_backbone(None, GPU).name == 'resnet50'


def test_short_names(monkeypatch):
    monkeypatch.setattr('fcos_mm.config.pip_weights.PipWeights.find_file', lambda *_: 'file')
    found = choose_backbone('lite2', CPU)
    assert found.name == 'efficientnet-lite2'
    assert found.model == dict(
        backbone=dict(arch='lite2', init_cfg=dict(checkpoint='pip://efficientnet-lite2')))


@pytest.mark.parametrize('has_weights', [True, False])
def test_networks_of_timm_with_and_without_weights(monkeypatch, has_weights):
    weights = SimpleNamespace(has_weights=has_weights, mean=(.5, .4, .3), std=(.2, .2, .2))
    monkeypatch.setattr(backbones, 'import_timm', lambda _: SimpleNamespace(
        is_model=lambda name: True, get_pretrained_cfg=lambda name: weights))
    model = choose_backbone('timm:hardcorenas_x', CPU).model
    assert model['backbone']['pretrained'] is has_weights
    assert ('data_preprocessor' in model) == has_weights


@pytest.mark.parametrize('name, message', [
    ('resnet5', "no such backbone. Did you mean 'resnet50'?"),
    ('lite7', "Did you mean 'efficientnet-lite"),
    ('resnet18', 'Put resnet18-f37072fd.pth into .*, or use --backbone efficientnet-lite0')])
def test_what_cannot_be_had(reachable, name, message):
    reachable(False)
    with pytest.raises(UserError, match=message.replace('?', r'\?')):
        choose_backbone(name, CPU)


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(UserError, match=r"timm:mobilenetv3 needs .*timm(.|\n)*pip install"):
        choose_backbone('timm:mobilenetv3', CPU)
