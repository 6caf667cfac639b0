"""Make the tables and figures of the paper. See ``--help``."""
from fcos_mm.cli import paper, run_command

if __name__ == '__main__':
    run_command(paper)
