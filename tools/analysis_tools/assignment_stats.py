"""Say which boxes of an annotation file a config can answer for. See ``--help``."""
from fcos_mm.apis.assignment_stats import main
from fcos_mm.apis.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
