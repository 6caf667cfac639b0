"""timm beside a torchvision whose compiled operators are missing, or that fails otherwise."""
import importlib
import sys

import pytest
import torch

from fcos_mm.compat import timm as compat
from fcos_mm.errors import UserError

OPERATOR = 'fcos_mm_test_timm::nms'  # in the place of torchvision's, which may be there
TIMM = 'import torchvision\nfrom torchvision.ops import Frozen\nname = Frozen.__name__\n'


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """``installed(text)``: a timm, and a torchvision whose ``__init__`` runs a text."""
    monkeypatch.setattr(compat, '_OPERATORS', {OPERATOR: '(Tensor dets) -> Tensor'})
    monkeypatch.setattr(sys, 'path', [str(tmp_path), *sys.path])
    for name in list(sys.modules):
        if name.split('.')[0] in ('timm', 'torchvision'):
            monkeypatch.delitem(sys.modules, name)

    def write(text):
        folder = tmp_path / 'torchvision'
        folder.mkdir()
        (folder / '__init__.py').write_text(f'from torchvision import ops\n{text}\n')
        (folder / 'ops.py').write_text('class Frozen:\n    pass\n')
        (tmp_path / 'timm.py').write_text(TIMM)
        importlib.invalidate_caches()

    yield write
    for name in list(sys.modules):
        if name.split('.')[0] in ('timm', 'torchvision'):
            del sys.modules[name]


def test_missing_operators_are_declared_and_still_fail_when_called(installed):
    installed(f'import torch\ntorch.library.register_fake("{OPERATOR}")(lambda dets: dets)')
    assert compat.import_timm('This').name == 'Frozen'
    with pytest.raises(NotImplementedError):
        torch.ops.fcos_mm_test_timm.nms(torch.zeros(1))
    assert compat.import_timm('This').name == 'Frozen'  # the second time


def test_a_torchvision_that_works_is_left_alone(installed):
    installed('')
    assert compat.import_timm('This').name == 'Frozen'


@pytest.mark.parametrize('text, reason', [
    ('raise RuntimeError("another version")', 'another version'),
    ('raise OSError("libcudart.so: no such file")', 'libcudart.so: no such file')])
def test_another_failure_of_torchvision_is_told(installed, text, reason):
    installed(text)
    with pytest.raises(UserError, match=f'needs the package timm.* cannot be imported: {reason}'):
        compat.import_timm('This')
