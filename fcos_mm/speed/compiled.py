"""torch.compile for backbone, neck and head, each as one graph, and for the loss."""
import os
import shutil

import torch
from torch import nn

from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError
from fcos_mm.models.head import FCOSHead

#: Attributes of mmdet's detectors that map tensors to tensors.
_PARTS = ('backbone', 'neck', 'bbox_head', 'rpn_head')


def network_parts(model: nn.Module) -> list[nn.Module]:
    """Backbone, neck and dense heads of a detector, wrapped or not, those that it has."""
    model = inner_model(model)
    return [getattr(model, name) for name in _PARTS if getattr(model, name, None) is not None]


def compile_network(model: nn.Module, **options) -> None:
    """Compile backbone, neck and head in place, each as one graph for each shape that it meets.

    Args:
        model: The detector; its modules and state dict stay the same.
        options: Keyword arguments of ``torch.compile``; by default shapes are static and the
            graph is whole.

    Raises:
        UserError: If the backend needs a C++ compiler and there is none.
    """
    options = _with_defaults(options)
    for part in network_parts(model):
        part.compile(**options)


def compile_losses(model: nn.Module, **options) -> None:
    """Compile the losses of FCOS heads in place, as :func:`compile_network`; not the assignment.

    With several processes the all-reduce stands between two graphs.
    """
    options = {**_with_defaults(options), 'fullgraph': False}
    for part in network_parts(model):
        if isinstance(part, FCOSHead):
            part.criterion.compile(**options)


def _with_defaults(options: dict) -> dict:
    compilers = [os.environ.get('CXX'), 'g++', 'clang++', 'c++']
    if options.get('backend', 'inductor') == 'inductor' and not any(
            shutil.which(name) for name in compilers if name):
        raise UserError(
            'torch.compile needs a C++ compiler and none was found (g++, clang++, or the one '
            f'named by CXX; torch {torch.__version__}). Install one, or disable compilation: '
            'nothing else needs it.')
    return {'dynamic': False, 'fullgraph': True, **options}
