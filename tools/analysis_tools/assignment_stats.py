"""Say which boxes of an annotation file a config can answer for. See ``--help``."""
from fcos_mm.cli import run_command
from fcos_mm.cli.analysis_tools import assignment_stats

if __name__ == '__main__':
    run_command(assignment_stats)
