"""Devices, and limits of the system."""
import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from fcos_mm.compat.cpu_features import cpu_features
from fcos_mm.doctor.finding import Finding

_GIB = 2**30
#: A character of each script that labels may need.
SCRIPTS = {'Chinese': '\u4e2d', 'Japanese': '\u3042', 'Korean': '\ud55c', 'Arabic': '\u0639',
           'Hindi': '\u0939', 'Thai': '\u0e01', 'Greek': '\u03a9', 'Cyrillic': '\u0416'}


def devices() -> Iterator[Finding]:
    """The GPUs, or else the CPU with what it has for half precision."""
    import torch
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for number in range(gpus):
        properties = torch.cuda.get_device_properties(number)
        yield Finding(f'cuda:{number}', 'ok', f'{properties.name}, '
                      f'{properties.total_memory / _GIB:.0f} GiB, CUDA {torch.version.cuda}')
    if not gpus and Path('/proc/driver/nvidia/version').exists():
        build = torch.version.cuda
        yield Finding('GPU', 'warning', 'an NVIDIA driver is installed, but torch '
                      + (f'for CUDA {build} finds no GPU' if build else 'is a CPU-only build'),
                      'nvidia-smi' if build else 'pip install --force-reinstall torch')
    if torch.backends.mps.is_available():
        yield Finding('mps', 'ok', 'Apple GPU')
    yield Finding('cpu', 'ok', f'{cpu_name()}, {usable_cores()} cores, {memory() / _GIB:.0f} GiB, '
                  f'torch uses {torch.get_num_threads()} threads')
    features = cpu_features()
    if features.flags:
        yield Finding('low precision', 'ok', f'processor has {" ".join(sorted(features.flags))}; '
                      + ('bf16 in hardware' if features.fast_bf16 else
                         'no bf16: --precision bf16 and --amp are slower than fp32 on this CPU'))


def usable_cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """The machine's memory in bytes; 0 if unknown."""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    return 0


def cpu_name() -> str:
    """The model of the CPU."""
    return cpu_features().name or platform.processor() or platform.machine()


def shared_memory() -> Iterator[Finding]:
    """Workers of data loaders hand batches over in ``/dev/shm``."""
    if not os.path.isdir('/dev/shm'):
        return
    found = os.statvfs('/dev/shm')
    size = found.f_frsize * found.f_blocks
    small = size < _GIB
    yield Finding('/dev/shm', 'warning' if small else 'ok', f'{size / _GIB:.1f} GiB'
                  + (': too small for several data loader workers' if small else ''),
                  'docker run --shm-size=8g ... (or num_workers=0)' if small else '')


def fonts() -> Iterator[Finding]:
    """Which scripts the labels of drawings can have; others are written in Latin letters."""
    from fcos_mm.visualization.fonts import Fonts
    absent = Fonts().cover(''.join(SCRIPTS.values()))
    names = [script for script, letter in SCRIPTS.items() if letter in absent]
    if names:
        yield Finding('fonts', 'absent', f'none for {", ".join(names)}: class names in these '
                      'scripts are drawn in Latin letters',
                      'apt-get install fonts-noto-cjk fonts-noto-core')
    else:
        yield Finding('fonts', 'ok', f'for {", ".join(SCRIPTS)}')
