"""The hook and configs that speed up training, in real small runs."""
from pathlib import Path

import pytest
import torch
from torch import nn

from fcos_mm.cli import train
from fcos_mm.speed.fast_training import to_channels_last

from .conftest import losses, run

SPEED = Path(__file__).resolve().parents[2] / 'configs' / '_base_' / 'speed'


def derived(tmp_path, tiny_config, name, text=''):
    path = tmp_path / 'derived.py'
    path.write_text(f"_base_ = ['{tiny_config}', '{SPEED / name}.py']\n{text}\n")
    return path


@pytest.mark.parametrize('name', ['channels_last', 'tf32'])
def test_training_gives_the_same_losses(name, plain, tiny_config, tmp_path):
    precision = torch.get_float32_matmul_precision()
    config = derived(tmp_path, tiny_config, name)
    try:
        run(train, config, '--work-dir', tmp_path)
    finally:
        torch.set_float32_matmul_precision(precision)
    assert losses(tmp_path) == pytest.approx(losses(plain), rel=1e-5)


def test_compiled_training_gives_the_same_losses(plain, tiny_config, tmp_path):
    """With a backend that needs no compiler; validation, in between, is not compiled."""
    config = derived(tmp_path, tiny_config, 'compile')
    run(train, config, '--work-dir', tmp_path, '--cfg-options',
        'default_hooks.fast_training.compile.backend=aot_eager')
    assert losses(tmp_path) == pytest.approx(losses(plain), rel=1e-5)


def test_buckets(tiny_config, tmp_path):
    config = derived(tmp_path, tiny_config, 'buckets')
    run(train, config, '--work-dir', tmp_path, '--cfg-options',
        'model.data_preprocessor.batch_augments.0.sizes=[(64,96)]')
    assert len(losses(tmp_path)) == 2 and all(loss > 0 for loss in losses(tmp_path))


def test_bfloat16(plain, tiny_config, tmp_path, monkeypatch):
    """On the CPU, which mmengine refuses; autocast's type there is bfloat16 as well.

    Without oneDNN: its bfloat16 gradient of a convolution of stride 2 over one cell, as before
    P7 here, reads memory that nobody has written (torch 2.13).
    """
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available',
                        lambda: True)
    config = derived(tmp_path, tiny_config, 'bf16')
    with torch.backends.mkldnn.flags(enabled=False):
        run(train, config, '--work-dir', tmp_path)
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
