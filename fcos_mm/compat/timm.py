"""Import timm beside a torch for which the installed torchvision was not built."""
import importlib
import sys
from types import ModuleType

import torch

from fcos_mm.compat.extras import import_extra

# Operators that torchvision's Python code extends while it is imported. Its compiled library
# defines them, and cannot be loaded where it was built for another torch.
_OPERATORS = {name: '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
              for name in ('torchvision::nms', 'torchvision::qnms')}


def import_timm(purpose: str) -> ModuleType:
    """Import timm, which needs Python code of torchvision but none of its operators.

    Args:
        purpose: What needs it, the beginning of a sentence.

    Raises:
        UserError: If it is not installed, or it or torchvision cannot be imported.
    """
    _import_torchvision()
    return import_extra('timm', purpose)


def _import_torchvision() -> None:
    """Import torchvision; where its operators are missing, only declare them.

    Calling them still fails, so that no one takes torchvision for complete. Other errors are left
    to whoever imports it next.
    """
    try:
        importlib.import_module('torchvision')
    except RuntimeError as error:
        if not any(f'operator {name} does not exist' in str(error) for name in _OPERATORS):
            return
    except (ImportError, OSError):
        return
    else:
        return
    for name, schema in _OPERATORS.items():
        torch.library.define(name, schema)
    for name in [name for name in sys.modules if name.startswith('torchvision.')]:
        del sys.modules[name]  # half imported
    importlib.import_module('torchvision')
