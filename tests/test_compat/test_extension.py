"""The module that stands in for mmcv's compiled operators."""
import importlib.metadata
import importlib.util
import sys

import pytest
import torch

from fcos_mm.compat import extension
from fcos_mm.compat.extension import MissingOperatorError
from fcos_mm.errors import UserError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec('mmcv._ext').origin != 'fcos_mm.compat',
    reason='mmcv has its own compiled operators')


def test_everything_of_mmcv_and_mmdet_can_be_imported():
    import mmcv.ops
    import mmdet.models
    assert mmcv.ops.nms and mmdet.models.FCOSHead


def test_the_module_looks_like_one():
    import mmcv
    spec = importlib.util.find_spec('mmcv._ext')
    assert spec is sys.modules['mmcv._ext'].__spec__
    assert spec.name == 'mmcv._ext' and spec.loader is not None
    assert mmcv._ext is sys.modules['mmcv._ext']


def test_a_missing_operator_says_so_when_called():
    from mmcv.ops import softmax_focal_loss
    with pytest.raises(MissingOperatorError, match='softmax_focal_loss_forward') as error:
        softmax_focal_loss(torch.zeros(1, 2), torch.zeros(1).long(), 2.0, 0.25)
    assert isinstance(error.value, UserError)
    assert 'MMCV_WITH_OPS=1 pip install' in str(error.value)


def test_dunder_names_are_not_operators():
    with pytest.raises(AttributeError, match='__path__'):
        sys.modules['mmcv._ext'].__path__  # noqa: B018


@pytest.mark.parametrize('distribution, package', [
    ('onedl-mmcv', 'onedl-mmcv==9.8.7'), ('mmcv', 'mmcv==9.8.7'), ('mmcv-lite', 'mmcv==9.8.7')])
def test_the_command_fits_the_installed_line(monkeypatch, distribution, package):
    def version(name):
        if name != distribution:
            raise importlib.metadata.PackageNotFoundError(name)
        return '9.8.7'

    monkeypatch.setattr(importlib.metadata, 'version', version)
    command = extension.compile_command()
    assert command.startswith(f'pip uninstall -y {distribution} &&')
    assert command.endswith(package)


def test_a_compiled_module_is_found_first(monkeypatch, tmp_path):
    import mmcv
    (tmp_path / '_ext.py').write_text('')
    monkeypatch.delitem(sys.modules, 'mmcv._ext')
    monkeypatch.setattr(mmcv, '__path__', [str(tmp_path)])
    assert importlib.util.find_spec('mmcv._ext').origin == str(tmp_path / '_ext.py')
    (tmp_path / '_ext.py').unlink()
    importlib.invalidate_caches()
    found = importlib.util.find_spec('mmcv._ext')
    assert found.origin == 'fcos_mm.compat' and found.loader is not None
