"""Residual blocks of ResNet whose convolutions include what follows them: ReLU and sum."""
import torch
from mmdet.models.backbones.resnet import BasicBlock, Bottleneck
from torch import Tensor, nn

from fcos_mm.compat import mkldnn

#: The convolutions of the blocks of mmdet, and the normalisation behind each.
_LAYERS = {BasicBlock: (1, 2), Bottleneck: (1, 2, 3)}


class FusedBlock(nn.Module):
    """A trained block of mmdet's ResNet, its batch normalisation folded, for the CPU.

    A feature map of full size is written once where the block writes it two or three times.
    Parameters keep their names.
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.names = [f'conv{number}' for number in _LAYERS[type(block)]]
        for name in (*self.names, 'downsample'):
            self.add_module(name, getattr(block, name))
        self.train(block.training)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the block to (B, C, H, W)."""
        identity = input if self.downsample is None else self.downsample(input)
        *first, last = (getattr(self, name) for name in self.names)
        for conv in first:
            input = _conv_relu(input, conv)
        return _conv_relu(input, last, identity)


def _conv_relu(images: Tensor, conv: nn.Conv2d, other: Tensor | None = None) -> Tensor:
    """ReLU of a convolution, to which ``other`` is added."""
    images = images.to(conv.weight.dtype)
    if type(conv) is nn.Conv2d and not torch.is_autocast_enabled('cpu') and (
            images.device.type == 'cpu' and mkldnn.available(images.dtype)):
        if other is None:
            return mkldnn.conv_relu(images, conv)
        return mkldnn.conv_add_relu(images, conv, other.to(images.dtype))
    out = conv(images)
    return (out if other is None else out.add_(other)).relu_()


def _fits(module: nn.Module) -> bool:
    numbers = _LAYERS.get(type(module), ())
    return bool(numbers) and not getattr(module, 'with_plugins', False) and all(
        isinstance(getattr(module, f'norm{number}'), nn.Identity)
        and isinstance(conv := getattr(module, f'conv{number}'), nn.Conv2d)
        and conv.padding_mode == 'zeros' for number in numbers)


def fuse_blocks(module: nn.Module) -> None:
    """Replace the residual blocks at any depth of a module, in place; only for inference.

    Blocks with normalisation, plugins or deformable convolutions stay.
    """
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if _fits(child):
                setattr(parent, name, FusedBlock(child))
