"""A copy of a detector for inference: the same function by fewer operations, and its hook."""
import copy
import warnings
from collections.abc import Sequence

import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.config import Config
from mmengine.hooks import Hook
from torch import Tensor, nn

from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError
from fcos_mm.registry import HOOKS
from fcos_mm.speed.allocator import keep_freed_memory
from fcos_mm.speed.compiled import compile_network, network_parts
from fcos_mm.speed.precision import check_precision, use_bf16
from fcos_mm.speed.residual import fuse_blocks
from fcos_mm.speed.winograd import use_winograd

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def prepare_for_inference(model: nn.Module,
                          *,
                          fold_bn: bool = True,
                          channels_last: bool = True,
                          winograd: bool = True,
                          fuse: bool = True,
                          precision: str = 'fp32',
                          keep_memory: bool = True,
                          compile: dict | None = None) -> nn.Module:
    """A copy of a detector that detects the same in less time, in eval mode and without gradients.

    Args:
        model: The detector, its weights loaded; it stays as it is.
        fold_bn: Multiply batch normalisation into the convolution before it. Not done, with a
            warning, where the outputs for a test image would change.
        channels_last: Keep weights and feature maps as (B, H, W, C) in memory.
        winograd: On the CPU, see :func:`use_winograd`. Not inside a compiled network, and not in
            bfloat16, whose rounding the transforms would amplify.
        fuse: On the CPU, see :func:`fuse_blocks`. Not inside a compiled network.
        precision: ``'fp32'`` or ``'bf16'``, see :func:`use_bf16`.
        keep_memory: On the CPU, see :func:`keep_freed_memory`; holds for the whole process.
        compile: Keyword arguments of ``torch.compile`` for backbone, neck and head; None does
            not compile.

    Raises:
        UserError: If there is no compiler for ``compile``, or the device or the network cannot
            compute in ``precision``.
    """
    device = next(model.parameters()).device
    check_precision(precision, device)
    prepared = copy.deepcopy(model).eval()
    if fold_bn:
        prepared = _folded(prepared)
    prepared.requires_grad_(False)
    if precision == 'bf16':
        _to_bf16(prepared)
    if channels_last:
        prepared.to(memory_format=torch.channels_last)
    if device.type == 'cpu':
        if keep_memory:
            keep_freed_memory()
        parts = nn.ModuleList(network_parts(prepared))
        if winograd and compile is None and precision == 'fp32':
            use_winograd(parts)
        if fuse and compile is None:
            fuse_blocks(parts)
    if compile is not None:
        compile_network(prepared, **compile)
    return prepared


def prepare_as_configured(model: nn.Module, cfg: Config, precision: str | None = None
                          ) -> nn.Module:
    """The copy by ``default_hooks.fast_inference``; without the hook the detector as it is.

    Args:
        model: The detector.
        cfg: Its config.
        precision: Instead of the configured one; other than ``'fp32'`` it needs the copy.
    """
    hook = cfg.get('default_hooks', {}).get('fast_inference')
    if hook is None and precision in (None, 'fp32'):
        return model
    options = dict((hook or {}).get('options') or {})
    if precision is not None:
        options['precision'] = precision
    return prepare_for_inference(model, **options)


@HOOKS.register_module()
class FastInferenceHook(Hook):
    """Replaces the model by a copy from :func:`prepare_for_inference` during a test.

    Validation during training always runs the network as written.

    Args:
        enabled: Whether tests run on the copy; ``tools/test.py --fast`` sets it. Detection does
            so in any case.
        options: Keyword arguments of :func:`prepare_for_inference`.
    """

    # After the hook that puts averaged weights into the model.
    priority = 'LOWEST'

    def __init__(self, *, enabled: bool = False, options: dict | None = None) -> None:
        self.enabled = enabled
        self.options = dict(options or {})

    def before_test_epoch(self, runner) -> None:
        """Replace the model."""
        if self.enabled:
            self._model = runner.model
            model = inner_model(runner.model, tta=False)
            if slow := check_precision(self.options.get('precision'),
                                       next(model.parameters()).device):
                runner.logger.warning(slow)
            runner.model = prepare_for_inference(model, **self.options)

    def after_test_epoch(self, runner, metrics: dict | None = None) -> None:
        """Put the model back."""
        if self.enabled:
            runner.model = self._model


def _to_bf16(model: nn.Module) -> None:
    """Convert a detector, and see whether it runs.

    Raises:
        UserError: If it does not.
    """
    use_bf16(network_parts(model))
    try:
        _test_outputs(model)
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise UserError('--precision bf16: this network does not run in bfloat16: '
                        f'{reason}\nUse --precision fp32.') from error


def _folded(model: nn.Module) -> nn.Module:
    """The model with folded batch normalisation, or as it is if that would change its outputs."""
    if not any(isinstance(module, _NORMS) for module in model.modules()):
        return model
    folded = fuse_conv_bn(copy.deepcopy(model))
    if _agree(_test_outputs(model), _test_outputs(folded)):
        return folded
    warnings.warn(
        'Batch normalisation is not folded: this would change the outputs of this network, '
        'whose layers do not run in the order they are listed in.',
        stacklevel=3)
    return model


@torch.no_grad()
def _test_outputs(model: nn.Module) -> list[Tensor]:
    """All outputs of backbone, neck and head for two random images, and of what ranks detections.

    For one, PyTorch refuses group normalisation of maps of 1 x 1 with one channel a group.
    """
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 64, 64, generator=generator).to(next(model.parameters()).device)
    outputs = []
    for network in filter(None, (model, getattr(inner_model(model), 'ranking', None))):
        value = images
        for part in network_parts(network):
            value = part(value)
            outputs += _tensors(value)
    return outputs


def _tensors(value: Tensor | Sequence | None) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [tensor for item in value or () for tensor in _tensors(item)]


def _agree(expected: list[Tensor], got: list[Tensor]) -> bool:
    """Whether tensors differ by less than 1e-3 of the largest value of each."""
    return all((a - b).abs().max() <= 1e-3 * a.abs().max() for a, b in zip(expected, got))
