"""Importing the package."""
import subprocess
import sys


def test_import_says_nothing():
    """mmdet tells of every optional package it lacks; nobody who imports fcos_mm wants that."""
    done = subprocess.run([sys.executable, '-c', 'import fcos_mm'], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ''), done.stderr
