"""Tests run the network as written, or with ``--fast`` the copy that detection uses."""
import pytest
import torch
from torch import nn

from fcos_mm.checkpoints.safe_pickle import load_plain_pickle
from fcos_mm.cli import test as testing
from fcos_mm.speed.fast_inference import FastInferenceHook, prepare_as_configured
from fcos_mm.speed.inference import prepare_for_inference

from .conftest import run, scalars


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
    monkeypatch.setattr('fcos_mm.speed.fast_inference.prepare_for_inference', lambda *args, **kw: (
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
