"""Gradients are measured and clipped as in mmengine; non-finite steps are skipped."""
import math

import pytest
import torch
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, DefaultScope
from torch import nn

from fcos_mm.engine import AmpOptimWrapper, OptimWrapper
from fcos_mm.engine.guards.optim_wrapper import OVERFLOWS

INF, NAN = float('inf'), float('nan')


def parameter_and(wrapper_type, **options):
    parameter = nn.Parameter(torch.ones(2))
    wrapper = wrapper_type(optimizer=torch.optim.SGD([parameter], lr=0.5), **options)
    wrapper.message_hub.log_scalars.clear()
    return parameter, wrapper


def settled(wrapper, loss):
    wrapper.update_params(loss)
    return wrapper.settle()


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
    assert settled(wrapper, line(parameter, 3., 4.)) and logged(wrapper) == 5
    expected = [1 - 0.5 * slope for slope in gradient]
    assert parameter.tolist() == pytest.approx(expected, abs=1e-6)


def test_other_norms_are_clipped_by_and_logged():
    parameter, wrapper = parameter_and(OptimWrapper, clip_grad=dict(max_norm=1, norm_type=1))
    assert settled(wrapper, line(parameter, 3., 1.)) and logged(wrapper) == 4
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
    assert settled(wrapper, line(parameter, 6., 0.)) is None
    assert 'train/grad_norm' not in wrapper.message_hub.log_scalars
    assert settled(wrapper, line(parameter, 0., 8.))
    assert logged(wrapper) == 5  # the mean of both: (3, 4)


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
    assert settled(wrapper, loss(parameter) + other.sum()) is False
    assert parameter.tolist() == [1, 1] and other.item() == 1
    assert 'train/grad_norm' not in wrapper.message_hub.log_scalars
    assert len(wrapper.broken) == broken and wrapper.broken[0] is parameter
    assert parameter.grad is None  # gone, and not in the next step
    assert settled(wrapper, line(parameter, 3., 4.)) and len(wrapper.broken) == 0
    assert parameter.tolist() == pytest.approx([1 - 0.3, 1 - 0.4], abs=1e-6)


def test_nothing_is_refused_unless_asked_for():
    parameter, wrapper = parameter_and(OptimWrapper)
    assert settled(wrapper, line(parameter, 3., NAN)) is False and math.isnan(parameter[1].item())


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
    assert settled(wrapper, line(parameter, 3., 4.)) and logged(wrapper) == 5
    assert parameter.tolist() == pytest.approx([1 - 0.3, 1 - 0.4], abs=1e-6)


def test_overflow_halves_the_scale_and_is_expected(mixed):
    parameter, wrapper = mixed
    for _ in range(OVERFLOWS):
        assert settled(wrapper, steep(parameter)) is False and wrapper.expects_overflow()
    assert wrapper.loss_scaler.get_scale() == 2.**(16 - OVERFLOWS)
    assert parameter.tolist() == [1, 1]
    assert settled(wrapper, steep(parameter)) is False and not wrapper.expects_overflow()
    assert settled(wrapper, line(parameter, 3., 4.)) and wrapper.expects_overflow()


def test_a_fused_optimizer_leaves_out_what_overflows(mixed):
    parameter, wrapper = mixed
    wrapper.optimizer = torch.optim.SGD([parameter], lr=0.5, momentum=0.9, fused=True)
    assert settled(wrapper, line(parameter, 3., 4.))
    before, scale = parameter.tolist(), wrapper.loss_scaler.get_scale()
    assert settled(wrapper, (parameter - parameter.detach()).sqrt().sum()) is False
    assert parameter.tolist() == before and wrapper.loss_scaler.get_scale() == scale / 2
    assert settled(wrapper, line(parameter, 3., 4.)) and parameter.tolist() != before


def test_without_loss_scaling_no_overflow_is_expected(mixed):
    parameter, wrapper = mixed
    wrapper.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
    assert settled(wrapper, steep(parameter)) is False and not wrapper.expects_overflow()
    assert parameter.tolist() == [1, 1]


FUSED = [dict(type='SGD', momentum=0.9), dict(type='SGD', momentum=0.9, nesterov=True),
         dict(type='AdamW')]


def trained(losses, optimizer, fused):
    """The weights after each loss, refused ones included, and the names of the broken ones."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 1))
    options = dict(optimizer, params=model.parameters(), lr=0.1, weight_decay=0.1, fused=fused)
    wrapper = OptimWrapper(getattr(torch.optim, options.pop('type'))(**options),
                           clip_grad=dict(max_norm=0.5))
    wrapper.refuse = True
    weights, broken = [], []
    for factor in losses:
        settled(wrapper, factor * model(torch.randn(4, 3)).square().sum())
        weights.append(torch.cat([value.detach().flatten() for value in model.parameters()]))
        names = [name for name, value in model.named_parameters()
                 if any(value is other for other in wrapper.broken)]
        broken.append(names)
    return torch.stack(weights), broken


@pytest.mark.parametrize('optimizer', FUSED)
@pytest.mark.parametrize('losses', [(1, NAN, 1, 1), (NAN, 1, 1), (1, 1, INF, NAN, 1)])
def test_a_step_left_out_on_the_device_is_as_if_it_had_not_been(optimizer, losses):
    weights, broken = trained(losses, optimizer, fused=True)
    expected, names = trained(losses, optimizer, fused=False)
    assert broken == names and [len(part) for part in names] == [
        0 if math.isfinite(factor) else 4 for factor in losses]
    torch.testing.assert_close(weights, expected, rtol=1e-5, atol=1e-6)
    for before, after, factor in zip(weights, weights[1:], losses[1:]):
        assert torch.equal(before, after) == (not math.isfinite(factor))


def test_which_parameter_broke_is_known_without_its_gradient():
    parameter, wrapper = parameter_and(OptimWrapper)
    other = nn.Parameter(torch.ones(1))
    wrapper.optimizer = torch.optim.SGD([parameter, other], lr=0.5, momentum=0.9, fused=True)
    wrapper.refuse = True
    assert settled(wrapper, line(parameter, 3., 4.) + other.sum())
    before = parameter.tolist()
    wrapper.update_params((parameter - parameter.detach()).sqrt().sum() + other.sum())
    assert parameter.grad is None and wrapper.settle() is False
    assert len(wrapper.broken) == 1 and wrapper.broken[0] is parameter
    assert parameter.tolist() == before and other.item() == 0.5


@pytest.mark.parametrize('name, expected', [('OptimWrapper', OptimWrapper),
                                            ('AmpOptimWrapper', AmpOptimWrapper)])
def test_plain_names_mean_ours(name, expected):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        with OPTIM_WRAPPERS.switch_scope_and_registry(None) as registry:
            assert registry.get(name) is expected
