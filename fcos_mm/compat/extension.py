"""The module ``mmcv._ext``, where mmcv was installed without it.

A build of mmcv without compiled operators lacks the module, and then most of mmdet cannot even be
imported. Here it has PyTorch versions of the operators that FCOS and the detectors it is compared
with use. Any other operator raises an error that names it, once it is called.
"""
import importlib.metadata
from collections.abc import Callable
from types import ModuleType

from fcos_mm.compat.import_hooks import EXTENSION
from fcos_mm.compat.ops import deform_conv, focal_loss, nms, roi_align
from fcos_mm.errors import UserError

OPERATORS = {
    operator.__name__: operator
    for operator in (
        nms.nms, nms.softnms,
        roi_align.roi_align_forward, roi_align.roi_align_backward,
        deform_conv.deform_conv_forward, deform_conv.deform_conv_backward_input,
        deform_conv.deform_conv_backward_parameters,
        deform_conv.modulated_deform_conv_forward, deform_conv.modulated_deform_conv_backward,
        focal_loss.sigmoid_focal_loss_forward, focal_loss.sigmoid_focal_loss_backward)
}


class MissingOperatorError(UserError, NotImplementedError):
    """An operator was called that only a compiled mmcv has."""


def fill(module: ModuleType) -> None:
    """Put the operators into the empty module ``mmcv._ext``."""
    module.__dict__.update(OPERATORS)
    module.__getattr__ = missing_operator


def missing_operator(name: str) -> Callable:
    """A function that raises when called, as mmcv looks up all of its operators at import."""
    if name.startswith('__'):
        raise AttributeError(f'module {EXTENSION!r} has no attribute {name!r}')

    def operator(*args, **kwargs):
        raise MissingOperatorError(
            f'mmcv was installed without its compiled operators, and fcos_mm has no replacement '
            f'for {name!r}. To get all operators, compile mmcv (needs a C++ compiler and can take '
            f'half an hour): {compile_command()}')

    operator.__name__ = operator.__qualname__ = name
    return operator


def compile_command() -> str:
    """The shell command that replaces the installed mmcv by a compiled one."""
    for installed, compiled in (('onedl-mmcv', 'onedl-mmcv'), ('mmcv', 'mmcv'),
                                ('mmcv-lite', 'mmcv')):
        try:
            version = importlib.metadata.version(installed)
        except importlib.metadata.PackageNotFoundError:
            continue
        return (f'pip uninstall -y {installed} && MMCV_WITH_OPS=1 pip install --no-deps '
                f'--no-cache-dir --no-build-isolation --no-binary :all: {compiled}=={version}')
    return 'see the installation page of mmcv'
