"""What is said of devices, shared memory and fonts."""
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from fcos_mm.doctor import machine

CPU = '''processor\t: 0
model name\t: Fast CPU 9000
flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_tile sse

processor\t: 1
model name\t: Other
'''


@pytest.fixture
def cpu(monkeypatch):
    """A machine with this CPU and no GPU."""
    monkeypatch.setattr(Path, 'read_text', lambda path: CPU)
    monkeypatch.setattr(Path, 'exists', lambda path: False)
    monkeypatch.setattr(machine, 'usable_cores', lambda: 3)
    monkeypatch.setattr(machine, 'memory', lambda: 5 * 2**30)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 2)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.backends.mps, 'is_available', lambda: False)


def lines(check):
    return {found.name: (found.state, found.text, found.remedy) for found in check()}


def test_a_cpu(cpu):
    assert lines(machine.devices) == {
        'cpu': ('ok', 'Fast CPU 9000, 3 cores, 5 GiB, torch uses 2 threads', ''),
        'low precision': ('ok', 'processor has amx_bf16 amx_tile avx2 avx512_bf16 avx512f; '
                          'bf16 in hardware', '')}


def test_a_cpu_without_half_precision(cpu, monkeypatch):
    monkeypatch.setattr(Path, 'read_text', lambda path: 'flags : avx2 fpu')
    assert lines(machine.devices)['low precision'][1] == (
        'processor has avx2; no bf16: --precision bf16 and --amp are slower than fp32 on this CPU')


def test_another_system(cpu, monkeypatch):
    def absent(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, 'read_text', absent)
    monkeypatch.setattr(machine.platform, 'processor', lambda: 'arm')
    assert machine.cpu_name() == 'arm'


def test_gpus(cpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setattr(torch.version, 'cuda', '12.6')
    monkeypatch.setattr(torch.cuda, 'get_device_properties', lambda number: SimpleNamespace(
        name=f'GPU number {number}', total_memory=80 * 2**30))
    found = lines(machine.devices)
    assert found['cuda:0'] == ('ok', 'GPU number 0, 80 GiB, CUDA 12.6', '')
    assert found['cuda:1'][1] == 'GPU number 1, 80 GiB, CUDA 12.6'


@pytest.mark.parametrize('build, text, remedy', [
    (None, 'torch is a CPU-only build', 'pip install --force-reinstall torch'),
    ('12.6', 'torch for CUDA 12.6 finds no GPU', 'nvidia-smi')])
def test_a_gpu_that_torch_does_not_use(build, text, remedy, cpu, monkeypatch):
    monkeypatch.setattr(Path, 'exists', lambda path: True)
    monkeypatch.setattr(torch.version, 'cuda', build)
    state, shown, command = lines(machine.devices)['GPU']
    assert (state, command) == ('warning', remedy) and shown.endswith(text)


@pytest.mark.parametrize('blocks, state', [(16384, 'warning'), (262144, 'ok')])
def test_shared_memory(blocks, state, monkeypatch):
    monkeypatch.setattr(os.path, 'isdir', lambda path: True)
    monkeypatch.setattr(os, 'statvfs', lambda path: SimpleNamespace(f_frsize=4096, f_blocks=blocks))
    found, text, remedy = lines(machine.shared_memory)['/dev/shm']
    assert found == state and text.startswith('0.1 GiB: too' if state == 'warning' else '1.0 GiB')
    assert bool(remedy) == (state == 'warning')


def test_fonts(monkeypatch):
    from fcos_mm.visualization.fonts import Fonts
    monkeypatch.setattr(Fonts, 'cover', lambda self, text: {'\u4e2d', '\u0e01'} & {*text})
    state, text, remedy = lines(machine.fonts)['fonts']
    assert state == 'absent' and text.startswith('none for Chinese, Thai: ')
    assert remedy.startswith('apt-get install fonts-noto-cjk')
    monkeypatch.setattr(Fonts, 'cover', lambda self, text: set())
    assert lines(machine.fonts)['fonts'][0] == 'ok'
