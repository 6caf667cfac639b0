"""Layers in a form that every runtime has and that torch's exporter can follow."""
import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from mmcv.ops import DeformConv2d, DeformConv2dPack, ModulatedDeformConv2dPack
from torch import Tensor, nn


def use_grid_sampling(module: nn.Module) -> None:
    """Replace the deformable convolutions at any depth of a module, in place."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, (DeformConv2dPack, ModulatedDeformConv2dPack)):
                setattr(parent, name, SampledDeformConv2d(child))


class SampledDeformConv2d(nn.Module):
    """A deformable convolution, version 1 or 2, by GridSample and a convolution.

    See ``compat/ops/deform_conv.py``.

    Args:
        conv: The module of mmcv, whose weights are shared.
    """

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv_offset, self.weight = conv.conv_offset, conv.weight
        self.bias = None if isinstance(conv, DeformConv2d) else conv.bias
        self.modulated = not isinstance(conv, DeformConv2d)
        self.groups, self.deform_groups = conv.groups, conv.deform_groups
        pairs = (conv.stride, conv.padding, conv.dilation)
        self.stride, self.padding, self.dilation = (
            (pair, pair) if isinstance(pair, int) else tuple(pair) for pair in pairs)

    def forward(self, images: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        offset, mask = self.conv_offset(images), None
        if self.modulated:
            first, second, mask = torch.chunk(offset, 3, dim=1)
            offset, mask = torch.cat((first, second), dim=1), mask.sigmoid()
        taps = self.weight.shape[2] * self.weight.shape[3]
        groups, rows = self.deform_groups, offset.shape[-2]
        grid = self._grid(offset.unflatten(1, (groups, taps, 2)), images.shape[-2:])
        parts = images.unflatten(1, (groups, -1)).flatten(0, 1)  # (B * groups, C', H, W)
        read = F.grid_sample(parts, grid, mode='bilinear', padding_mode='zeros',
                             align_corners=False)  # (B * groups, C', taps * H', W')
        read = read.unflatten(2, (taps, rows))
        if mask is not None:
            read = read * mask.unflatten(1, (groups, taps)).flatten(0, 1)[:, None]
        read = read.unflatten(0, (-1, groups)).flatten(1, 2)  # (B, C, taps, H', W')
        weight = self.weight.flatten(1)[..., None, None]  # (O, C / groups * taps, 1, 1)
        return F.conv2d(read.flatten(1, 2), weight, self.bias, groups=self.groups)

    def _grid(self, offset: Tensor, size: tuple[int, int]) -> Tensor:
        """(B * groups, taps * H', W', 2) x and y of every point read, from -1 to 1.

        Args:
            offset: (B, groups, taps, 2, H', W') y and x.
            size: Height and width of what is read.
        """
        height, width = self.weight.shape[2:]
        device, (rows, columns) = offset.device, offset.shape[-2:]
        places = []
        for axis, (kernel, count) in enumerate(((height, rows), (width, columns))):
            tap = torch.arange(kernel, device=device) * self.dilation[axis] - self.padding[axis]
            tap = tap[:, None].expand(height, width) if axis == 0 else tap.expand(height, width)
            start = torch.arange(count, device=device) * self.stride[axis]
            start = start[:, None] if axis == 0 else start
            point = offset[:, :, :, axis] + (tap.reshape(-1, 1, 1) + start)
            places.append((2 * point + 1) / size[axis] - 1)
        return torch.stack(places[::-1], dim=-1).flatten(2, 3).flatten(0, 1)


def out_of_place(module: nn.Module) -> None:
    """Make activations at any depth of a module return new tensors, in place.

    The graph is the same, and torch's exporter follows them in less time.
    """
    for child in module.modules():
        if getattr(child, 'inplace', False) is True:
            child.inplace = False


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
    """Those whose stride divides their input for the smallest image, and so for all.

    Behind one whose stride does not, sizes are rounded, and the smallest image tells nothing.
    """
    found, exact = set(), True

    def look(conv: nn.Conv2d, inputs: tuple[Tensor]) -> None:
        nonlocal exact
        exact &= not any(side % step for side, step in zip(inputs[0].shape[-2:], conv.stride))
        if exact or max(conv.stride) == 1:
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
