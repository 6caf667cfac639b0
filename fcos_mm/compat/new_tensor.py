"""Keep mmdet's IoU losses from waiting for the GPU."""
from collections.abc import Callable

from torch import Tensor
from torch.overrides import TorchFunctionMode


class FillNewTensors(TorchFunctionMode):
    """Meanwhile ``tensor.new_tensor([number])`` is filled on the device of the tensor.

    ``mmdet.structures.bbox.bbox_overlaps`` makes its epsilon that way: a copy from
    the host, for which the CPU waits until the GPU has done all before it.
    """

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None) -> object:
        if func is Tensor.new_tensor:
            tensor, values = args[:2]
            if isinstance(values, list) and [type(value) for value in values] in ([float], [int]):
                return tensor.new_full((1, ), values[0])
        return func(*args, **(kwargs or {}))
