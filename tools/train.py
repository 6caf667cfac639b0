"""Train a detector. See ``--help``."""
from fcos_mm.cli import run_command, train

if __name__ == '__main__':
    run_command(train)
