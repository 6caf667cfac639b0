"""Gradients are measured, clipped as in mmengine, and left out where they are not finite."""
import math

import pytest
import torch
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, DefaultScope
from torch import nn

from fcos_mm.engine import AmpOptimWrapper, OptimWrapper
from fcos_mm.engine.optim_wrapper import OVERFLOWS

INF, NAN = float('inf'), float('nan')


def parameter_and(wrapper_type, **options):
    parameter = nn.Parameter(torch.ones(2))
    wrapper = wrapper_type(optimizer=torch.optim.SGD([parameter], lr=0.5), **options)
    wrapper.message_hub.log_scalars.clear()
    return parameter, wrapper


def logged(wrapper):
    return wrapper.message_hub.log_scalars['train/grad_norm'].current()


def line(parameter, *slopes):
    """A loss whose gradient is ``slopes``."""
    return (parameter * torch.tensor(slopes)).sum()


def steep(parameter):
    """A loss of 0 whose gradient is infinite."""
    return (parameter - 1).sqrt().sum()


@pytest.mark.parametrize('clip, gradient', [
    (None, (3, 4)),
    (dict(max_norm=1), (0.6, 0.8)),
    (dict(max_norm=10), (3, 4)),
    (dict(type='value', clip_value=3.5), (3, 3.5)),
])
def test_norm_from_before_clipping(clip, gradient):
    parameter, wrapper = parameter_and(OptimWrapper, clip_grad=clip)
    wrapper.update_params(line(parameter, 3., 4.))
    assert logged(wrapper) == 5 and wrapper.finite
    expected = [1 - 0.5 * slope for slope in gradient]
    assert parameter.tolist() == pytest.approx(expected, abs=1e-6)


def test_other_norms_are_clipped_by_and_logged():
    parameter, wrapper = parameter_and(OptimWrapper, clip_grad=dict(max_norm=1, norm_type=1))
    wrapper.update_params(line(parameter, 3., 1.))
    assert logged(wrapper) == 4
    assert parameter.tolist() == pytest.approx([1 - 0.5 * 0.75, 1 - 0.5 * 0.25], abs=1e-6)


@pytest.mark.parametrize('clip', [None, dict(max_norm=2, norm_type=2), dict(max_norm=1e9)])
def test_steps_are_mmengines_bit_for_bit(clip):
    weights = []
    for wrapper_type in (OptimWrapper, MMEngineOptimWrapper):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(7, 5), nn.Linear(5, 1))
        wrapper = wrapper_type(torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
                               accumulative_counts=2, clip_grad=clip and dict(clip))
        for _ in range(4):
            wrapper.update_params(model(torch.randn(3, 7)).square().sum())
        weights.append(torch.cat([value.flatten() for value in model.parameters()]))
    assert torch.equal(*weights)


def test_no_step_while_gradients_are_added():
    parameter, wrapper = parameter_and(OptimWrapper, accumulative_counts=2)
    wrapper.update_params(line(parameter, 6., 0.))
    assert wrapper.finite is None and 'train/grad_norm' not in wrapper.message_hub.log_scalars
    wrapper.update_params(line(parameter, 0., 8.))
    assert wrapper.finite and logged(wrapper) == 5  # the mean of both: (3, 4)


def test_a_loss_that_is_not_finite_spoils_every_gradient():
    """Its own gradient may well be finite; other ranks see nothing but gradients."""
    parameter, wrapper = parameter_and(OptimWrapper)
    wrapper.refuse = True
    wrapper.backward(line(parameter, 3., 4.) + INF)
    assert parameter.grad.isnan().all()


@pytest.mark.parametrize('loss, broken', [
    (lambda parameter: line(parameter, 3., 4.) + INF, 2), (steep, 1)])
def test_refused_step(loss, broken):
    parameter, wrapper = parameter_and(OptimWrapper, clip_grad=dict(max_norm=1))
    other = nn.Parameter(torch.ones(1))
    wrapper.optimizer.add_param_group(dict(params=[other]))
    wrapper.refuse = True
    wrapper.update_params(loss(parameter) + other.sum())
    assert wrapper.finite is False
    assert parameter.tolist() == [1, 1] and other.item() == 1
    assert 'train/grad_norm' not in wrapper.message_hub.log_scalars
    assert len(wrapper.broken) == broken and wrapper.broken[0] is parameter
    assert parameter.grad is None  # gone, and not in the next step
    wrapper.update_params(line(parameter, 3., 4.))
    assert wrapper.finite and len(wrapper.broken) == 0
    assert parameter.tolist() == pytest.approx([1 - 0.3, 1 - 0.4], abs=1e-6)


def test_nothing_is_refused_unless_asked_for():
    parameter, wrapper = parameter_and(OptimWrapper)
    wrapper.update_params(line(parameter, 3., NAN))
    assert wrapper.finite is False and math.isnan(parameter[1].item())


@pytest.fixture
def mixed(monkeypatch):
    """A parameter and a wrapper with loss scaling, on the CPU, which mmengine refuses."""
    monkeypatch.setattr('mmengine.optim.optimizer.amp_optimizer_wrapper.is_cuda_available',
                        lambda: True)
    parameter, wrapper = parameter_and(AmpOptimWrapper, clip_grad=dict(max_norm=1))
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=2.**16)
    wrapper.refuse = True
    return parameter, wrapper


def test_mixed_precision_measures_without_the_scale(mixed):
    parameter, wrapper = mixed
    wrapper.update_params(line(parameter, 3., 4.))
    assert logged(wrapper) == 5
    assert parameter.tolist() == pytest.approx([1 - 0.3, 1 - 0.4], abs=1e-6)


def test_overflow_halves_the_scale_and_is_expected(mixed):
    parameter, wrapper = mixed
    for _ in range(OVERFLOWS):
        wrapper.update_params(steep(parameter))
        assert wrapper.finite is False and wrapper.expects_overflow()
    assert wrapper.loss_scaler.get_scale() == 2.**(16 - OVERFLOWS)
    assert parameter.tolist() == [1, 1]
    wrapper.update_params(steep(parameter))
    assert not wrapper.expects_overflow()
    wrapper.update_params(line(parameter, 3., 4.))
    assert wrapper.finite and wrapper.expects_overflow()


def test_without_loss_scaling_no_overflow_is_expected(mixed):
    parameter, wrapper = mixed
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
    wrapper.update_params(steep(parameter))
    assert wrapper.finite is False and not wrapper.expects_overflow()
    assert parameter.tolist() == [1, 1]


@pytest.mark.parametrize('name, expected', [('OptimWrapper', OptimWrapper),
                                            ('AmpOptimWrapper', AmpOptimWrapper)])
def test_plain_names_mean_ours(name, expected):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        with OPTIM_WRAPPERS.switch_scope_and_registry(None) as registry:
            assert registry.get(name) is expected
