"""Versions and hardware of a measurement."""
import importlib.metadata
import os
import platform
from pathlib import Path

import torch

#: Distributions to report, of both package lines.
PACKAGES = ('fcos_mm', 'mmengine', 'onedl-mmengine', 'mmcv', 'mmcv-lite', 'onedl-mmcv', 'mmdet',
            'onedl-mmdetection', 'torchvision', 'numpy', 'opencv-python-headless', 'opencv-python')


def environment(device: str) -> dict:
    """Describe this machine and its packages.

    Returns:
        ``device`` and its ``hardware``, ``threads`` of torch, ``python``,
        ``torch``, ``cuda`` (None without), and ``packages``, versions by name.
    """
    return dict(
        device=device,
        hardware=hardware(device),
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        torch=torch.__version__,
        cuda=torch.version.cuda,
        packages=dict(versions()))


def hardware(device: str) -> str:
    """The name of the processor or of the accelerator."""
    if torch.device(device).type == 'cuda':
        properties = torch.cuda.get_device_properties(device)
        return f'{properties.name}, {properties.total_memory / 2**30:.0f} GiB'
    return f'{processor()}, {os.cpu_count()} cores'


def processor() -> str:
    """The processor's name, if the system reports it."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(':')[2].strip() for line in lines if line.startswith('model name'))
    return next(names, platform.processor() or platform.machine())


def versions():
    """Yield (distribution, version) of those of PACKAGES that are installed."""
    for package in PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def describe(facts: dict) -> str:
    """The environment in two lines of text."""
    cuda = f', CUDA {facts["cuda"]}' if facts['device'] != 'cpu' else ''
    packages = ', '.join(f'{name} {version}' for name, version in facts['packages'].items())
    return (f'{facts["device"]}: {facts["hardware"]}, {facts["threads"]} threads; '
            f'Python {facts["python"]}, torch {facts["torch"]}{cuda}\n{packages}')
