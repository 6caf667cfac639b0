"""``fcos-mm`` on a CPU without bfloat16, with convolutions that round as one with it.

``python benchmarks/emulated_bf16.py test work_dirs/mine --precision bf16``: factors and results
are bfloat16, sums float32. For accuracy on any CPU; it is slow.
"""
import torch
from torch import Tensor, nn

from fcos_mm.cli.program import run

_plain = nn.Conv2d._conv_forward


def rounded(conv: nn.Conv2d, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A convolution of bfloat16 factors, computed in float32."""
    if weight.dtype != torch.bfloat16:
        return _plain(conv, images, weight, bias)
    bias = None if bias is None else bias.float()
    return _plain(conv, images.float(), weight.float(), bias).bfloat16()


if __name__ == '__main__':
    nn.Conv2d._conv_forward = rounded
    run()
