"""Train, test and draw on generated data. See ``--help``."""
from pathlib import Path

from fcos_mm.cli import demo, run_command

if __name__ == '__main__':
    run_command(demo, tools=Path(__file__).resolve().parent)
