"""Memory layout, precision and compilation of the network in training."""
import torch
from mmengine.hooks import Hook
from torch import nn

from fcos_mm.compat.modules import eager, inner_model
from fcos_mm.registry import HOOKS
from fcos_mm.speed.allocator import keep_freed_memory
from fcos_mm.speed.compiled import compile_losses, compile_network, network_parts


@HOOKS.register_module()
class FastTrainingHook(Hook):
    """Channels-last weights, TF32 and a compiled network for training; numbers change by rounding.

    Args:
        channels_last: Keep convolution weights, and so all feature maps, as (B, H, W, C).
        tf32: Let a GPU round the factors of float32 products to 10 bits of mantissa. False leaves
            torch's setting.
        keep_memory: On the CPU, see :func:`keep_freed_memory`.
        compile: Keyword arguments of ``torch.compile`` for backbone, neck, head and loss; None
            does not compile. Validation runs without compilation: its shapes differ.
    """

    priority = 'VERY_LOW'

    def __init__(self, *, channels_last: bool = False, tf32: bool = False,
                 keep_memory: bool = False, compile: dict | None = None) -> None:
        self.channels_last = channels_last
        self.tf32 = tf32
        self.keep_memory = keep_memory
        self.compile = None if compile is None else dict(compile)

    def before_train(self, runner) -> None:
        """Prepare model and optimizer.

        Raises:
            UserError: If there is no compiler for ``compile``.
        """
        model = inner_model(runner.model)
        if self.tf32:
            torch.set_float32_matmul_precision('high')
            torch.backends.cudnn.allow_tf32 = True
        if self.keep_memory:
            keep_freed_memory()
        if self.channels_last:
            to_channels_last(model, runner.optim_wrapper.optimizer)
        if self.compile is not None:
            compile_network(model, **self.compile)
            compile_losses(model, **self.compile)
            runner.logger.info('Network and loss are compiled once per input shape.')

    def before_val_epoch(self, runner) -> None:
        """Validate without compilation."""
        if self.compile is not None:
            self._eager = eager(network_parts(inner_model(runner.model)))
            self._eager.__enter__()

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """Train compiled again."""
        if self.compile is not None:
            self._eager.__exit__(None, None, None)


def to_channels_last(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Lay out weights, and the optimizer's state of each, as (B, H, W, C), in place."""
    model.to(memory_format=torch.channels_last)
    for parameter, state in optimizer.state.items() if optimizer else ():
        for name, value in state.items():
            if torch.is_tensor(value) and value.dim() == 4 and value.shape == parameter.shape:
                state[name] = value.contiguous(memory_format=torch.channels_last)
