"""The hooks and configs that speed up training and tests, in real small runs."""
import contextlib
import io
import json
from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from torch import nn

from fcos_mm.apis import test as testing
from fcos_mm.apis import train
from fcos_mm.speed.fast_inference import FastInferenceHook, prepare_as_configured
from fcos_mm.speed.fast_training import to_channels_last
from fcos_mm.visualization import DetLocalVisualizer

SPEED = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'speed'


def run(main, *words):
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    with contextlib.redirect_stdout(io.StringIO()):
        return main([str(word) for word in words])


def losses(work_dir):
    scalars, = work_dir.glob('*/vis_data/scalars.json')
    return [line['loss'] for line in map(json.loads, scalars.read_text().splitlines())
            if 'loss' in line]


@pytest.fixture(scope='module')
def plain(tiny_config, tmp_path_factory):
    """The folder of a run without anything, and its losses."""
    work_dir = tmp_path_factory.mktemp('plain')
    run(train.main, tiny_config, '--work-dir', work_dir)
    return work_dir, losses(work_dir)


def derived(tmp_path, tiny_config, speed, text):
    path = tmp_path / 'derived.py'
    bases = [str(tiny_config), *(str(SPEED / f'{name}.py') for name in speed)]
    path.write_text(f'_base_ = {bases}\n{text}\n')
    return path


HOOKS = 'default_hooks = {{_base_.%s}}'
@pytest.mark.parametrize('name', ['channels_last', 'tf32'])
def test_training_gives_the_same_losses(name, plain, tiny_config, tmp_path):
    precision = torch.get_float32_matmul_precision()
    config = derived(tmp_path, tiny_config, [name], HOOKS % f'{name}_hooks')
    try:
        run(train.main, config, '--work-dir', tmp_path)
    finally:
        torch.set_float32_matmul_precision(precision)
    assert losses(tmp_path) == pytest.approx(plain[1], rel=1e-5)


def test_compiled_training_gives_the_same_losses(plain, tiny_config, tmp_path):
    """With a backend that needs no compiler; validation, in between, is not compiled."""
    config = derived(tmp_path, tiny_config, ['compile'], HOOKS % 'compiled_hooks')
    run(train.main, config, '--work-dir', tmp_path, '--cfg-options',
        'default_hooks.fast_training.compile.backend=aot_eager')
    assert losses(tmp_path) == pytest.approx(plain[1], rel=1e-5)


def test_buckets(tiny_config, tmp_path):
    config = derived(tmp_path, tiny_config, ['buckets'],
                     'model = dict(data_preprocessor={{_base_.bucketed_preprocessor}})\n'
                     'env_cfg = {{_base_.bucketed_env}}')
    run(train.main, config, '--work-dir', tmp_path, '--cfg-options',
        'model.data_preprocessor.batch_augments.0.sizes=[(64,96)]')
    assert len(losses(tmp_path)) == 2 and all(loss > 0 for loss in losses(tmp_path))


def test_bfloat16(plain, tiny_config, tmp_path, monkeypatch):
    """On the CPU, which mmengine refuses; autocast's type there is bfloat16 as well.

    Without oneDNN: its bfloat16 gradient of a convolution of stride 2 over one cell, as before
    P7 here, reads memory that nobody has written (torch 2.13).
    """
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available',
                        lambda: True)
    config = derived(tmp_path, tiny_config, ['bf16'],
                     'optim_wrapper = {{_base_.bf16_optim_wrapper}}\n'
                     'model = dict(data_preprocessor={{_base_.async_preprocessor}})\n')
    with torch.backends.mkldnn.flags(enabled=False):
        run(train.main, config, '--work-dir', tmp_path)
    got = losses(tmp_path)
    assert got == pytest.approx(plain[1], rel=0.03) and got != plain[1]


@pytest.mark.parametrize('hooks', ['inference_hooks', 'plain_inference_hooks'])
def test_tests_give_the_same_figures(hooks, plain, tiny_config, tmp_path):
    config = derived(tmp_path, tiny_config, ['inference'], HOOKS % hooks)
    expected = run(testing.main, tiny_config, plain[0] / 'epoch_1.pth', '--work-dir', tmp_path)
    got = run(testing.main, config, plain[0] / 'epoch_1.pth', '--work-dir', tmp_path)
    assert got == pytest.approx(expected, abs=1e-6)


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


def test_other_uses_follow_the_config():
    model = OneLayer()
    off = dict(default_hooks=dict(fast_inference=dict(enabled=False)))
    assert prepare_as_configured(model, off) is model
    assert prepare_as_configured(model, dict()) is model
    on = dict(default_hooks=dict(fast_inference=dict(options=dict(fold_bn=False))))
    assert prepare_as_configured(model, on) is not model


def test_optimizer_state_follows_the_weights():
    model = nn.Conv2d(4, 8, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.randn(1, 4, 5, 5)).sum().backward()
    optimizer.step()
    weight, expected = model.weight, optimizer.state[model.weight]['momentum_buffer'].clone()
    to_channels_last(model, optimizer)
    buffer = optimizer.state[weight]['momentum_buffer']
    assert model.weight is weight and weight.stride() == buffer.stride() == (36, 1, 12, 4)
    assert torch.equal(buffer, expected)
