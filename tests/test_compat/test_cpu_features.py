"""What a processor has, read from what Linux or torch say."""
from pathlib import Path

import pytest
import torch

from fcos_mm.compat.cpu_features import cpu_features


def says(monkeypatch, text):
    monkeypatch.setattr(Path, 'read_text', lambda path: text)
    return cpu_features()


@pytest.mark.parametrize('text, flags, fast', [
    ('model name : A\nflags : fpu avx2 avx512f avx512_vnni amx_tile amx_bf16 amx_int8\n\nflags : x',
     {'avx2', 'avx512f', 'avx512_vnni', 'amx_tile', 'amx_bf16', 'amx_int8'}, True),
    ('model name : A\nflags : avx2 avx512_bf16', {'avx2', 'avx512_bf16'}, True),
    ('model name : A\nflags : avx2 avx512f', {'avx2', 'avx512f'}, False),
    ('model name : A\nFeatures : asimd bf16 i8mm', {'bf16', 'i8mm'}, True),
    ('model name : A\n', set(), False)])
def test_linux(text, flags, fast, monkeypatch):
    found = says(monkeypatch, text)
    assert (found.name, found.flags, found.fast_bf16) == ('A', flags, fast)
    assert bool(found.why_slow_bf16) != fast


def test_the_warning_names_the_processor_and_what_it_lacks(monkeypatch):
    found = says(monkeypatch, 'model name : Slow CPU\nflags : avx2')
    assert found.why_slow_bf16 == (
        'bf16 is slower than fp32 on this processor (Slow CPU): it has neither amx_bf16 nor '
        'avx512_bf16.')


@pytest.fixture
def no_linux(monkeypatch):
    def absent(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, 'read_text', absent)


def test_elsewhere_torch_is_asked(no_linux, monkeypatch):
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: dict(
        avx2=True, avx512_f=True, amx_bf16=False, l1d_cache_size=32768), raising=False)
    assert cpu_features().flags == {'avx2', 'avx512f'}


def test_nobody_knows(no_linux, monkeypatch):
    monkeypatch.delattr(torch.cpu, 'get_capabilities', raising=False)
    assert cpu_features().flags == set() and 'unknown' in cpu_features().why_slow_bf16
