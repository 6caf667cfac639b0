"""Start train.py or test.py in several processes. See ``--help``."""
from pathlib import Path

from fcos_mm.cli import launch, run_command

if __name__ == '__main__':
    run_command(launch, tools=Path(__file__).resolve().parent)
