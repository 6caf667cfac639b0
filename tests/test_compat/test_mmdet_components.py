"""Importing the package."""
import subprocess
import sys

import pytest

from fcos_mm.compat import mmdet_components


def test_import_says_nothing():
    """mmdet tells of every optional package it lacks; nobody who imports fcos_mm wants that."""
    done = subprocess.run([sys.executable, '-c', 'from fcos_mm.datasets import CocoDataset'],
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ''), done.stderr


def test_an_mmdet_that_cannot_be_imported_is_no_missing_scope(monkeypatch):
    """mmengine goes on with mmdet's classes where a registry raises an ImportError."""
    def fail(name):
        raise ImportError('no module named cups')

    monkeypatch.setattr(mmdet_components.importlib, 'import_module', fail)
    with pytest.raises(RuntimeError, match='mmdet.datasets cannot be imported: no module named c'):
        mmdet_components.register_mmdet()
