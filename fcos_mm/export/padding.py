"""Padding that depends on the size of the input, as a constant where inputs have known divisors."""
import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import Tensor, nn


def fix_padding(backbone: nn.Module, divisor: int) -> None:
    """Replace convolutions with "same" padding by those with constant padding, in place.

    If the sides of the input are multiples of the stride, the padding is kernel - stride whatever
    the size. Symbolic sizes would otherwise be rounded and compared anew in every layer.

    Args:
        backbone: Takes images (B, 3, H, W).
        divisor: H and W are multiples of it.
    """
    convs = [module for module in backbone.modules() if isinstance(module, Conv2dAdaptivePadding)]
    if convs:
        divisible = _with_divisible_inputs(backbone, convs, divisor)
        for parent in list(backbone.modules()):
            for name, child in parent.named_children():
                if child in divisible:
                    setattr(parent, name, _padded(child))


@torch.no_grad()
def _with_divisible_inputs(backbone: nn.Module, convs: list[nn.Module],
                           divisor: int) -> set[nn.Module]:
    """Those whose stride divides their input for the smallest image, and so for all."""
    found = set()

    def look(conv: nn.Conv2d, inputs: tuple[Tensor]) -> None:
        if not any(side % step for side, step in zip(inputs[0].shape[-2:], conv.stride)):
            found.add(conv)

    hooks = [conv.register_forward_pre_hook(look) for conv in convs]
    backbone(torch.zeros(1, 3, divisor, divisor))
    for hook in hooks:
        hook.remove()
    return found


def _padded(conv: nn.Conv2d) -> nn.Module:
    """The convolution behind its padding, more of it on the right and below."""
    pads = []
    for kernel, step, dilation in zip(conv.kernel_size, conv.stride, conv.dilation):
        total = max((kernel - 1) * dilation + 1 - step, 0)
        pads.insert(0, (total // 2, total - total // 2))
    plain = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride,
                      conv.padding, conv.dilation, conv.groups, conv.bias is not None,
                      device=conv.weight.device)
    plain.weight, plain.bias = conv.weight, conv.bias
    (left, right), (top, bottom) = pads
    if (left, top) == (right, bottom) and conv.padding == (0, 0):
        plain.padding = (top, left)
        return plain
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), plain)
