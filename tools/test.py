"""Test a detector. See ``--help``."""
from fcos_mm.cli import run_command, test

if __name__ == '__main__':
    run_command(test)
