"""Say which boxes of an annotation file a config can answer for. See ``--help``."""
from fcos_mm.cli import assignment_stats, run_command

if __name__ == '__main__':
    run_command(assignment_stats)
