"""Optional packages: an error that names the command which installs them."""
import sys
from types import ModuleType

import pytest

from fcos_mm.compat.extras import COMMANDS, import_extra
from fcos_mm.errors import UserError


@pytest.mark.parametrize('module', COMMANDS)
def test_a_missing_package_is_named_with_its_command(module, monkeypatch):
    monkeypatch.setattr(sys, 'path', [])
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(UserError) as error:
        import_extra(module, '--this')
    assert str(error.value) == (f'--this needs the package {module}, which is not installed.\n'
                                f'Install it: {COMMANDS[module]}')


@pytest.mark.parametrize('text, reason', [
    ('raise ImportError("needs libGL")', 'needs libGL'),
    ('raise RuntimeError("operator torchvision::nms does not exist\\nmore")',
     'operator torchvision::nms does not exist'),
    ('import no_such_module', "No module named 'no_such_module'"),
])
def test_a_package_that_cannot_be_imported_gives_the_reason(tmp_path, monkeypatch, text, reason):
    (tmp_path / 'timm.py').write_text(text)
    monkeypatch.setattr(sys, 'path', [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, 'timm', raising=False)
    with pytest.raises(UserError, match='fcos-mm doctor') as error:
        import_extra('timm', 'TimmBackbone')
    assert f'cannot be imported: {reason}\n' in str(error.value)


def test_an_installed_package_is_returned(monkeypatch):
    module = ModuleType('sahi')
    monkeypatch.setitem(sys.modules, 'sahi', module)
    assert import_extra('sahi', '--tiles') is module
