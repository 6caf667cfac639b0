"""torchvision's operators, where torchvision is installed and works."""
import functools
from types import ModuleType

import torch


@functools.cache
def torchvision_ops(device_type: str) -> ModuleType | None:
    """Find ``torchvision.ops`` for one kind of device.

    A torchvision made for another build of torch can often be installed but
    not imported, or imported but not used on the device at hand, so one
    operator is tried.

    Args:
        device_type: such as ``'cpu'`` or ``'cuda'``.

    Returns:
        The module, or None where it is missing or does not work.
    """
    try:
        from torchvision import ops
        box = torch.tensor([[0., 0., 1., 1.]], device=device_type)
        works = ops.nms(box, box[:, 2], 0.5).tolist() == [0]
    except Exception:  # whatever a library that does not fit this torch raises
        return None
    return ops if works else None
