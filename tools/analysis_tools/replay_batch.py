"""Replay a training batch whose loss or gradient was not finite. See ``--help``."""
from fcos_mm.cli import replay_batch, run_command

if __name__ == '__main__':
    run_command(replay_batch)
