"""The hook and configs that speed up training, in real small runs."""
from pathlib import Path

import pytest
import torch
from torch import nn

from fcos_mm.apis import train
from fcos_mm.speed.fast_training import to_channels_last

from .conftest import losses, run

SPEED = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'speed'


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
    assert losses(tmp_path) == pytest.approx(losses(plain), rel=1e-5)


def test_compiled_training_gives_the_same_losses(plain, tiny_config, tmp_path):
    """With a backend that needs no compiler; validation, in between, is not compiled."""
    config = derived(tmp_path, tiny_config, ['compile'], HOOKS % 'compiled_hooks')
    run(train.main, config, '--work-dir', tmp_path, '--cfg-options',
        'default_hooks.fast_training.compile.backend=aot_eager')
    assert losses(tmp_path) == pytest.approx(losses(plain), rel=1e-5)


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
    assert got == pytest.approx(losses(plain), rel=0.03) and got != losses(plain)


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
