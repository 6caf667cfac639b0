"""Replay a training batch whose loss or gradient was not finite. See ``--help``."""
from fcos_mm.cli import run_command
from fcos_mm.cli.analysis_tools import replay_batch

if __name__ == '__main__':
    run_command(replay_batch)
