"""Train a detector. See ``--help``."""
from fcos_mm.apis.cli import run_tool
from fcos_mm.apis.train import main

if __name__ == '__main__':
    run_tool(main)
