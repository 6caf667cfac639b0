"""Detect objects in images. See ``--help``."""
from fcos_mm.cli import detect, run_command

if __name__ == '__main__':
    run_command(detect)
