"""The hook and configs that speed up training, in real small runs."""
import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from fcos_mm.cli import train
from fcos_mm.compat.cpu_features import cpu_features
from fcos_mm.speed.fast_training import to_channels_last
from fcos_mm.speed.precision import float32_inside

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


@pytest.fixture(scope='module')
def bf16(plain, tiny_config, tmp_path_factory):
    """The work dir of a training with --amp on the CPU."""
    work_dir = tmp_path_factory.mktemp('bf16')
    run(train, tiny_config, '--work-dir', work_dir, '--amp')
    return work_dir


def test_bfloat16_trains_on_a_cpu(bf16, plain):
    got = losses(bf16)
    assert got == pytest.approx(losses(plain), rel=0.03) and got != losses(plain)
    log, = bf16.glob('*/*.log')
    assert ('bf16 is slower than fp32' in log.read_text()) != cpu_features().fast_bf16


def test_the_fragment_trains_on_a_cpu_too(bf16, tiny_config, tmp_path):
    run(train, derived(tmp_path, tiny_config, 'bf16'), '--work-dir', tmp_path)
    assert losses(tmp_path) == pytest.approx(losses(bf16), rel=0.01)


def test_bfloat16_resumes(bf16, tmp_path):
    """The second epoch of a run that was started for one."""
    checkpoint = bf16 / 'epoch_1.pth'
    config, = bf16.glob('*.py')
    run(train, config, '--work-dir', tmp_path, '--resume', checkpoint, '--cfg-options',
        'train_cfg.max_epochs=2')
    assert len(losses(tmp_path)) == len(losses(bf16))
    weights = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)['state_dict']
    assert all(value.isfinite().all() for value in weights.values())
    assert {value.dtype for value in weights.values()} <= {torch.float32, torch.int64}


def test_strided_convolutions_of_the_neck_stay_float32():
    model = nn.Module()
    model.neck = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3, stride=2, padding=1))
    for _ in range(2):
        float32_inside(model)
    types = []
    for layer in model.neck:
        layer.register_forward_hook(lambda layer, inputs, output: types.append(output.dtype))
    with torch.autocast('cpu', torch.bfloat16):
        output = model.neck(torch.randn(1, 2, 4, 4))
        copy.deepcopy(model).neck(torch.randn(1, 2, 4, 4))
    output.sum().backward()
    assert types == 2 * [torch.bfloat16, torch.float32]
    assert model.neck[1].weight.grad.isfinite().all()
    assert model.neck.state_dict().keys() == {'0.weight', '0.bias', '1.weight', '1.bias'}


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
