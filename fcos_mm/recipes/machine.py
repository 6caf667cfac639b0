"""What the machine has."""
from pathlib import Path
from typing import NamedTuple

import torch

from fcos_mm.doctor.machine import memory, usable_cores

_ASSUMED = 4 * 2**30  # bytes, where the system does not tell


class Machine(NamedTuple):
    """The device that trains, and what there is of it."""
    device: str  # 'cuda' or 'cpu'
    name: str  # for the screen
    cores: int  # that this process may use
    memory: int  # free bytes of the device

    @property
    def has_gpu(self) -> bool:
        """Whether a GPU trains."""
        return self.device == 'cuda'


def this_machine() -> Machine:
    """Ask the system and torch."""
    cores = usable_cores()
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return Machine('cuda', torch.cuda.get_device_name(), cores, free)
    return Machine('cpu', f'CPU, {cores} cores', cores, _free_memory())


def _free_memory() -> int:
    """Bytes that a new process can have: Linux's estimate, or half of what is built in."""
    meminfo = Path('/proc/meminfo')
    if meminfo.exists():
        lines = dict(line.split(':', 1) for line in meminfo.read_text().splitlines())
        return int(lines['MemAvailable'].split()[0]) * 1024
    return memory() // 2 or _ASSUMED
