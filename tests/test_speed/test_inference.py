"""The copy of a detector that is made for inference."""
import copy
import warnings

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from fcos_mm.checkpoints.safe_pickle import load_plain_pickle
from fcos_mm.cli import test as testing
from fcos_mm.compat.modules import eager
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS
from fcos_mm.speed.compiled import compile_network, network_parts
from fcos_mm.speed.inference import (
    FastInferenceHook,
    prepare_as_configured,
    prepare_for_inference,
)
from fcos_mm.speed.winograd import WinogradConv2d

from .conftest import run, scalars

TINY = dict(
    type='FCOS',
    backbone=dict(type='ResNet', depth=18, base_channels=32, norm_cfg=dict(type='BN')),
    neck=dict(type='FPN', in_channels=[32, 64, 128, 256], out_channels=128, start_level=1,
              add_extra_convs='on_output', num_outs=5),
    bbox_head=dict(type='FCOSHead', num_classes=3, in_channels=128, feat_channels=128,
                   stacked_convs=1, conv_bias=True),
    test_cfg=dict(nms_pre=100, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5),
                  max_per_img=10))


def build(**changes):
    """A detector whose batch normalisation is not the identity."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        model = MODELS.build({**copy.deepcopy(TINY), **changes}).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in ((module.weight.data, .5, 1.), (module.bias.data, -.2, .2),
                                      (module.running_mean, -.2, .2), (module.running_var, .5, 2.)):
                values.uniform_(low, high)
    return model


def outputs(model, size=(96, 128)):
    image = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        levels = model.bbox_head(model.extract_feat(image))
    return [level for kind in levels for level in kind]


def assert_same(expected, got):
    for a, b in zip(expected, got, strict=True):
        assert (a - b).abs().max() < 1e-5 * a.abs().max()


@pytest.mark.parametrize('options', [
    dict(), dict(fold_bn=False), dict(channels_last=False), dict(winograd=False),
    dict(fold_bn=False, channels_last=False, winograd=False), dict(compile=dict(backend='eager'))
], ids=str)
def test_outputs_stay(options):
    model = build()
    expected = outputs(model)
    weights = copy.deepcopy(model.state_dict())
    prepared = prepare_for_inference(model, **options)
    assert_same(expected, outputs(prepared))
    assert not any(parameter.requires_grad for parameter in prepared.parameters())
    # the detector itself is as it was
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert not any(isinstance(module, WinogradConv2d) for module in model.modules())


def count(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


def test_what_is_replaced():
    model = build()
    prepared = prepare_for_inference(model)
    assert count(model, nn.BatchNorm2d) == 20 and count(prepared, nn.BatchNorm2d) == 0
    # layer3: 3 of 128 channels, layer4: 3 of 256, three of the FPN, two towers
    assert count(prepared, WinogradConv2d) == 3 + 3 + 3 + 2
    assert prepared.backbone.layer1[0].conv1.weight.is_contiguous(
        memory_format=torch.channels_last)


class ListedInAnotherOrder(nn.Module):
    """Applies ``bn`` before ``conv``, though it is listed after it."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.bn = nn.BatchNorm2d(3)
        self.bn.running_var.fill_(4.)

    def forward(self, image):
        return self.conv(self.bn(image)).relu()


def test_folding_is_undone_where_it_would_be_wrong():
    model = nn.Module()
    model.backbone = ListedInAnotherOrder()
    model.eval()
    with pytest.warns(UserWarning, match='Batch normalisation is not folded'):
        prepared = prepare_for_inference(model)
    assert count(prepared, nn.BatchNorm2d) == 1


def test_no_batch_normalisation_no_test_picture():
    model = build(backbone=dict(TINY['backbone'], norm_cfg=dict(type='GN', num_groups=4)))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert_same(outputs(model), outputs(prepare_for_inference(model)))


def test_groups_of_one_channel():
    # PyTorch refuses to normalise a single value, which a map of 1 x 1 has for each group
    head = {**TINY['bbox_head'], 'norm_cfg': dict(type='GN', num_groups=128)}
    model = build(bbox_head=head)
    assert_same(outputs(model, (160, 160)), outputs(prepare_for_inference(model), (160, 160)))


def test_parts_of_a_wrapped_detector():
    wrapper = nn.DataParallel(build())
    assert network_parts(wrapper) == [
        wrapper.module.backbone, wrapper.module.neck, wrapper.module.bbox_head]


@pytest.mark.parametrize('backend', ['eager', 'aot_eager'])
def test_network_is_one_graph_a_part(backend):
    """fullgraph=True raises at a graph break. Losses and gradients stay."""
    model = build().train()
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    def step():
        model.zero_grad()
        levels = model.bbox_head(model.extract_feat(image))
        sum(level.sigmoid().mean() for kind in levels for level in kind).backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    state = copy.deepcopy(model.state_dict())
    expected = step()
    model.load_state_dict(state)  # the running statistics
    compile_network(model, backend=backend)
    for a, b in zip(expected, step()):
        assert (a - b).abs().max() <= 1e-5 * a.abs().max() + 1e-9
    compiled = model.backbone._compiled_call_impl
    with eager(network_parts(model)):
        assert model.backbone._compiled_call_impl is None
    assert model.backbone._compiled_call_impl is compiled
    assert model.state_dict().keys() == state.keys()


def test_no_compiler(monkeypatch):
    monkeypatch.setattr('shutil.which', lambda name: None)
    with pytest.raises(UserError, match='torch.compile needs a C\\+\\+ compiler'):
        prepare_for_inference(build(), compile=dict())


@pytest.fixture(scope='module')
def tested(plain, tiny_config, tmp_path_factory):
    """``tested(*words)``: the metrics, and the detections of every image."""
    def test(*words):
        folder = tmp_path_factory.mktemp('tested')
        metrics = run(testing, tiny_config, plain / 'epoch_1.pth', '--work-dir', folder,
                      '--out', folder / 'test.pkl', *words)
        return metrics, detections(folder / 'test.pkl')
    return test


def detections(path):
    return [result['pred_instances'] for result in load_plain_pickle(str(path))]


def test_validation_and_test_of_the_same_weights_give_the_same_bits(plain, tested):
    metrics, tests = tested()
    logged = scalars(plain)[-1]
    assert metrics and metrics == {name: logged[name] for name in metrics}
    for validated, found in zip(detections(plain / 'val.pkl'), tests, strict=True):
        assert len(found['scores']) == 5
        assert all(torch.equal(value, validated[name]) for name, value in found.items())


def test_a_fast_test_detects_the_same(tested, monkeypatch):
    prepared = []
    monkeypatch.setattr('fcos_mm.speed.inference.prepare_for_inference', lambda *args, **kw: (
        prepared.append(kw), prepare_for_inference(*args, **kw))[1])
    (metrics, expected), (fast_metrics, fast) = tested(), tested(
        '--fast', '--cfg-options', 'default_hooks.fast_inference.options.winograd=False')
    assert prepared == [dict(winograd=False)]
    assert fast_metrics == pytest.approx(metrics, abs=1e-6)
    for one, other in zip(expected, fast, strict=True):
        torch.testing.assert_close(other['bboxes'], one['bboxes'], rtol=0, atol=1e-3)
        torch.testing.assert_close(other['scores'], one['scores'], rtol=0, atol=1e-5)


class OneLayer(nn.Module):

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 4, 1)


@pytest.mark.parametrize('enabled', [True, False])
def test_the_runner_has_its_model_back(enabled):
    class Runner:
        model = OneLayer()

    runner, model = Runner(), Runner.model
    hook = FastInferenceHook(enabled=enabled, options=dict(winograd=False))
    hook.before_test_epoch(runner)
    assert (runner.model is model) == (not enabled)
    hook.after_test_epoch(runner, metrics=dict())
    assert runner.model is model


@pytest.mark.parametrize('hook, copied', [
    (dict(enabled=False, options=dict(fold_bn=False)), True), (dict(), True), (None, False)])
def test_detection_uses_a_copy_where_the_config_has_the_hook(hook, copied):
    model = OneLayer()
    cfg = dict(default_hooks=dict(fast_inference=hook))
    assert (prepare_as_configured(model, cfg) is not model) == copied
