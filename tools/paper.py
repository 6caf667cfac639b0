"""Make the tables and figures of the paper. See ``--help``."""
from functools import partial
from pathlib import Path

from fcos_mm.apis.cli import run_tool
from fcos_mm.apis.paper import main

if __name__ == '__main__':
    run_tool(partial(main, tools=Path(__file__).parent))
