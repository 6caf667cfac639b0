"""The error for missing OpenMMLab packages, and mmdet's components."""
import importlib.util
import subprocess
import sys

import pytest

from fcos_mm.compat import libraries
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


def test_import_says_nothing():
    """mmdet tells of every optional package it lacks; nobody who imports fcos_mm wants that."""
    done = subprocess.run([sys.executable, '-c', 'from fcos_mm.datasets import CocoDataset'],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ''), done.stderr


def test_an_mmdet_that_cannot_be_imported_is_no_missing_scope(monkeypatch):
    """mmengine goes on with mmdet's classes where a registry raises an ImportError."""
    def fail(name):
        raise ImportError('no module named cups')

    monkeypatch.setattr(libraries.importlib, 'import_module', fail)
    with pytest.raises(RuntimeError, match='mmdet.datasets cannot be imported: no module named c'):
        libraries.register_mmdet()
