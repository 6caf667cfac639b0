"""``OptimWrapper`` and ``AmpOptimWrapper``: mmengine's, which measure every gradient."""
import math
from typing import List, Optional, Sequence

from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper as MMEngineOptimWrapper
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grads_with_norm_, get_total_norm

from fcos_mm.registry import OPTIM_WRAPPERS

#: Steps in a row that mixed precision may leave out while it looks for its scale: from its first
#: scale, 65536, so many halvings lead far below 1.
OVERFLOWS = 20

#: What clipping by norm says about the norm.
_NORM_OPTIONS = ('norm_type', 'error_if_nonfinite', 'foreach')


class MeasuredStep:
    """What both wrappers have in common.

    The norm of the whole gradient is logged as ``grad_norm``, with and without
    ``clip_grad`` (before clipping). It is read before the step, which is where
    mmengine's clipping reads it, so that a step can be left out.

    A loss that is not finite makes every gradient NaN, whatever its own would
    be. Gradients are averaged over the ranks, so that all ranks measure NaN.

    Attributes:
        refuse: Whether a step with a gradient that is not finite is left out.
            :class:`NonFiniteHook` sets it; alone a wrapper does what mmengine's
            does.
        finite: What the last call of ``update_params`` found; None where it
            accumulated gradients and made no step.
        broken: The parameters whose gradient was not finite, where a step was
            left out.
    """

    refuse = False
    finite: Optional[bool] = None
    broken: Sequence[Tensor] = ()

    def backward(self, loss: Tensor, **kwargs) -> None:
        """Add the gradient of a loss.

        Args:
            loss: The loss, a scalar.
            kwargs: Keyword arguments of ``Tensor.backward``.
        """
        self.finite, self.broken = None, ()
        factor = 1 + 0 * loss.detach()  # NaN where the loss is NaN or infinite
        super().backward(loss, gradient=factor, **kwargs)

    def step(self, **kwargs) -> None:
        """Measure the gradient, clip it and make the step.

        Args:
            kwargs: Keyword arguments of the optimizer's ``step``.
        """
        if self.measure():
            self.optimizer.step(**kwargs)

    def expects_overflow(self) -> bool:
        """Whether the step just left out is part of looking for a loss scale."""
        return False

    def measure(self) -> bool:
        """Read and log the norm of the gradient, and clip it.

        Returns:
            Whether to make the step.
        """
        parameters = [parameter for group in self.optimizer.param_groups
                      for parameter in group['params'] if parameter.grad is not None]
        clip = self.clip_grad_kwargs or {}
        options = {name: clip[name] for name in _NORM_OPTIONS if name in clip}
        norm = get_total_norm([parameter.grad for parameter in parameters], **options)
        value = float(norm)  # waits for the device
        self.finite = math.isfinite(value)
        if self.refuse and not self.finite:
            self.broken = [parameter for parameter in parameters
                           if not parameter.grad.isfinite().all()]
            return False
        self.message_hub.update_scalar('train/grad_norm', value)
        if self.clip_grad_kwargs:
            self._clip(parameters, norm)
        return True

    def _clip(self, parameters: List[Tensor], norm: Tensor) -> None:
        """Clip as configured; as ``clip_grad_norm_`` does, but with the norm that is known."""
        if self.clip_func is clip_grad_norm_:
            clip_grads_with_norm_(parameters, self.clip_grad_kwargs['max_norm'], norm,
                                  foreach=self.clip_grad_kwargs.get('foreach'))
        else:
            self.clip_func(parameters, **self.clip_grad_kwargs)


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(MeasuredStep, MMEngineOptimWrapper):
    """mmengine's wrapper with :class:`MeasuredStep`.

    Configs under ``default_scope='fcos_mm'`` get it by the plain name
    ``OptimWrapper``. Arguments are mmengine's.
    """


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MeasuredStep, MMEngineAmpOptimWrapper):
    """mmengine's wrapper for mixed precision with :class:`MeasuredStep`.

    A scaled gradient that overflows is no fault while the loss is finite: the
    step is left out and the scale halved, as in mmengine. Too many in a row are.
    """

    overflows = 0

    def step(self, **kwargs) -> None:
        """Measure the gradient without its scale, clip it and make the step.

        Args:
            kwargs: Keyword arguments of the optimizer's ``step``.
        """
        self.loss_scaler.unscale_(self.optimizer)
        if self.measure():
            self.loss_scaler.step(self.optimizer, **kwargs)
        self.overflows = 0 if self.finite else self.overflows + 1
        self.loss_scaler.update(self._scale_update_param)

    def expects_overflow(self) -> bool:
        """Whether the step just left out is part of looking for a loss scale."""
        return self.loss_scaler.is_enabled() and self.overflows <= OVERFLOWS
