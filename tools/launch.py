"""Start train.py or test.py in several processes. See ``--help``."""
from functools import partial
from pathlib import Path

from fcos_mm.apis.cli import run_tool
from fcos_mm.apis.launch import main

if __name__ == '__main__':
    run_tool(partial(main, Path(__file__).resolve().parent))
