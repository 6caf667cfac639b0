"""``OptimWrapper`` and ``AmpOptimWrapper``: mmengine's, with gradient norms and skipped steps."""
import contextlib
import logging
import math
from collections.abc import Iterator, Sequence

import torch
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grads_with_norm_, get_total_norm

from fcos_mm.compat.cpu_features import cpu_features
from fcos_mm.compat.optimizers import can_skip_on_device, norms, skip_step_if
from fcos_mm.errors import UserError
from fcos_mm.registry import OPTIM_WRAPPERS
from fcos_mm.speed.precision import float32_inside

#: Steps in a row that mixed precision may skip: so many halvings of 65536 lead far below 1.
OVERFLOWS = 20

# What clipping by norm says about the norm.
_NORM_OPTIONS = ('norm_type', 'error_if_nonfinite', 'foreach')


class MeasuredStep:
    """Measures every gradient and can skip non-finite steps; a mixin for both wrappers.

    The norm of the whole gradient is measured before clipping; :meth:`settle` logs it as
    ``grad_norm``. A fused optimizer (``optimizer=dict(fused=True)``) skips on the device, and
    nothing waits for it before :meth:`settle`; for others the norm is read before the step, where
    mmengine's clipping reads it.

    A loss that is not finite makes every gradient NaN, and gradients are averaged over the ranks,
    so that all ranks measure NaN.
    """

    refuse = False  # skip a step with a non-finite gradient; NonFiniteHook sets it
    broken: Sequence[Tensor] = ()  # parameters with a non-finite gradient, if a step was skipped
    _norm: Tensor | None = None
    _norms: dict[Tensor, Tensor] | None = None

    def backward(self, loss: Tensor, **kwargs) -> None:
        """Add the gradient of a loss, a scalar; takes the arguments of ``Tensor.backward``."""
        self._norm, self._norms, self.broken = None, None, ()
        factor = 1 + 0 * loss.detach()  # NaN where the loss is NaN or infinite
        super().backward(loss, gradient=factor, **kwargs)

    def step(self, **kwargs) -> None:
        """Measure the gradient, clip it and step; takes the arguments of the optimizer's."""
        parameters = [parameter for group in self.optimizer.param_groups
                      for parameter in group['params'] if parameter.grad is not None]
        gradients = [parameter.grad for parameter in parameters]
        options = {name: value for name, value in (self.clip_grad_kwargs or {}).items()
                   if name in _NORM_OPTIONS}
        self._norm = get_total_norm(gradients, **options)
        if not self.refuse:
            self._clip(parameters)
            self._step(**kwargs)
        elif can_skip_on_device(self.optimizer, parameters):
            self._norms = dict(zip(parameters, norms(gradients)))
            self._clip(parameters)
            with skip_step_if(~self._norm.isfinite(), self.optimizer):
                self.optimizer.step(**kwargs)
        elif math.isfinite(self.read_norm()):
            self._clip(parameters)
            self.optimizer.step(**kwargs)
        else:
            self.broken = [parameter for parameter in parameters
                           if not parameter.grad.isfinite().all()]

    def settle(self) -> bool | None:
        """Log the norm; whether it is finite, None without a step. Waits for the device."""
        if self._norm is None:
            return None
        value = self.read_norm()
        finite = math.isfinite(value)
        if finite or not self.refuse:
            self.message_hub.update_scalar('train/grad_norm', value)
        elif self._norms is not None:
            self.broken = [parameter for parameter, norm in self._norms.items()
                           if not norm.isfinite()]
        return finite

    def read_norm(self) -> float:
        """Read the norm of the whole gradient; waits for the device, and so for other ranks."""
        return float(self._norm)

    def expects_overflow(self) -> bool:
        """Whether the step just skipped is part of looking for a loss scale."""
        return False

    def _clip(self, parameters: list[Tensor]) -> None:
        """Clip as configured; as ``clip_grad_norm_`` does, but with the norm that is known."""
        options = self.clip_grad_kwargs
        if options and self.clip_func is clip_grad_norm_:
            clip_grads_with_norm_(parameters, options['max_norm'], self._norm,
                                  foreach=options.get('foreach'))
        elif options:
            self.clip_func(parameters, **options)

    def _step(self, **kwargs) -> None:
        """Step as mmengine does."""
        self.optimizer.step(**kwargs)


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(MeasuredStep, MMEngineOptimWrapper):
    """mmengine's wrapper with :class:`MeasuredStep`."""


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MeasuredStep, MMEngineAmpOptimWrapper):
    """mmengine's wrapper for mixed precision with :class:`MeasuredStep`.

    A scaled gradient that overflows is no fault while the loss is finite: the step is skipped and
    the scale halved, as in mmengine. Too many in a row are.

    Also for a CPU, which mmengine refuses: there in bfloat16, which needs no scale, with a warning
    where it is slower than float32.

    Args:
        loss_scale: As for mmengine; not used on a CPU.
        dtype: ``'float16'``, ``'bfloat16'``, or None for the device's usual one.
        kwargs: As for mmengine.

    Raises:
        UserError: If ``dtype`` is not bfloat16 on a CPU.
    """

    overflows = 0
    _prepared: nn.Module | None = None  # on a CPU

    def __init__(self, loss_scale: str | float | dict = 'dynamic',
                 dtype: str | torch.dtype | None = None, **kwargs) -> None:
        if get_device() != 'cpu':
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        if dtype not in (None, 'bfloat16', torch.bfloat16):
            raise UserError(f'optim_wrapper.dtype {dtype}: on a CPU mixed precision is bfloat16. '
                            "Set it to 'bfloat16'.")
        kwargs.pop('use_fsdp', None)
        MMEngineOptimWrapper.__init__(self, **kwargs)
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self.cast_dtype, self._scale_update_param = torch.bfloat16, None
        if slow := cpu_features().why_slow_bf16:
            print_log(f'Mixed precision: {slow}', 'current', logging.WARNING)

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast; on a CPU small maps stay float32, see :func:`float32_inside`."""
        if self._prepared is not model and get_device() == 'cpu':
            float32_inside(model)
            self._prepared = model
        with super().optim_context(model):
            yield

    def load_state_dict(self, state_dict: dict) -> None:
        """Load the state; that of a run without loss scaling leaves the scale as it is."""
        if not state_dict.get('loss_scaler'):
            state_dict.pop('loss_scaler', None)
        super().load_state_dict(state_dict)

    def step(self, **kwargs) -> None:
        """Measure the gradient without its scale, clip it and step."""
        self.loss_scaler.unscale_(self.optimizer)
        super().step(**kwargs)
        self.loss_scaler.update(self._scale_update_param)

    def _step(self, **kwargs) -> None:
        self.loss_scaler.step(self.optimizer, **kwargs)

    def settle(self) -> bool | None:
        """As :meth:`MeasuredStep.settle`, counting overflows."""
        finite = super().settle()
        if finite is not None:
            self.overflows = 0 if finite else self.overflows + 1
        return finite

    def expects_overflow(self) -> bool:
        """Whether the step just skipped is part of looking for a loss scale."""
        return self.loss_scaler.is_enabled() and self.overflows <= OVERFLOWS
