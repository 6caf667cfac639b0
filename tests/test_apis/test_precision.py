"""``--precision bf16``: the warning, and the copy that detects."""
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

import fcos_mm
from fcos_mm.cli import detect
from fcos_mm.cli import test as testing
from fcos_mm.compat.cpu_features import CpuFeatures

SLOW = 'bf16 is slower than fp32 on this processor'
RGB = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)


@pytest.fixture(params=[(), ('amx_bf16', )], ids=['slow', 'fast'])
def slow(request, monkeypatch):
    """Whether the processor is one without bfloat16."""
    monkeypatch.setattr('fcos_mm.speed.precision.cpu_features',
                        lambda: CpuFeatures('A', frozenset(request.param)))
    return not request.param


def test_in_python(slow, trained):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        detector = fcos_mm.load(trained.work_dir, device='cpu', score_thr=0, precision='bf16')
    assert [SLOW in str(warning.message) for warning in caught] == [True] * slow
    plain = fcos_mm.load(trained.work_dir, device='cpu', score_thr=0)
    model = detector._network.inferencer.model
    assert model.bbox_head.conv_cls.weight.dtype == torch.bfloat16
    assert len(detector(RGB)) == len(plain(RGB)) == 5
    np.testing.assert_allclose(detector(RGB).scores, plain(RGB).scores, atol=0.01)


def test_detect(slow, trained, run, tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    status, screen = run(detect, tmp_path / 'a.png', '--model', trained.work_dir, '--out-dir',
                         tmp_path / 'out', '--device', 'cpu', '--precision', 'bf16')
    assert status == 0 and (f'warning    {SLOW}' in screen) == slow


def test_test(slow, trained, run, tmp_path):
    metrics, screen = run(testing, trained.work_dir, '--work-dir', tmp_path, '--precision', 'bf16')
    assert metrics and (SLOW in screen) == slow
