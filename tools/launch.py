"""Start train.py or test.py in several processes. See ``--help``."""
from fcos_mm.cli import launch, run_command

if __name__ == '__main__':
    run_command(launch)
