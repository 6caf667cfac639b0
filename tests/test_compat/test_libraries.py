"""The error for missing OpenMMLab packages."""
import importlib.util

import pytest

from fcos_mm.compat.libraries import require_libraries


def test_the_error_names_packages_and_command(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec',
                        lambda name: None if name in ('mmcv', 'mmdet') else find_spec(name))
    with pytest.raises(ImportError, match='mmcv, mmdet') as error:
        require_libraries()
    assert 'make install' in str(error.value)
    assert 'requirements/mminstall.txt' in str(error.value)
    assert 'mmengine' not in str(error.value)


def test_no_error_with_all_of_them():
    assert require_libraries() is None
