"""Names that are imported when they are used."""
import importlib
import sys

import pytest

from fcos_mm.lazy import lazy_exports

PACKAGE = '''
from fcos_mm.lazy import lazy_exports
__getattr__, __all__ = lazy_exports(__name__, {'heavy': ['Thing'], 'room': []},
                                    first='lazy_example.first')
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / 'lazy_example'
    folder.mkdir()
    for name, text in (('__init__', PACKAGE), ('heavy', 'Thing = 3'), ('room', ''), ('first', '')):
        (folder / f'{name}.py').write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module('lazy_example')
    for name in [name for name in sys.modules if name.startswith('lazy_example')]:
        del sys.modules[name]


def test_nothing_is_imported_before(package):
    assert [name for name in sys.modules if name.startswith('lazy_example.')] == []
    assert package.__all__ == ['Thing', 'room']


def test_a_name_and_a_module(package):
    assert package.Thing == 3 and 'lazy_example.first' in sys.modules
    assert vars(package)['Thing'] == 3
    assert package.room is sys.modules['lazy_example.room']


def test_other_names(package):
    with pytest.raises(AttributeError, match="'lazy_example' has no attribute 'Other'"):
        package.Other  # noqa: B018
    assert importlib.import_module('lazy_example.heavy').Thing == 3


def test_a_name_that_a_module_would_hide():
    with pytest.raises(ValueError, match=r"\['thing'\] and has modules of the same names"):
        lazy_exports('package', {'thing': ['thing', 'other']})
