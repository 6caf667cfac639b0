"""Run a training batch again that was not finite. See ``--help``."""
from fcos_mm.apis.cli import run_tool
from fcos_mm.apis.replay import main

if __name__ == '__main__':
    run_tool(main)
