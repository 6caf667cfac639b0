"""``python -m fcos_mm``: the program ``fcos-mm``."""
from fcos_mm.cli.program import run

if __name__ == '__main__':
    run()
