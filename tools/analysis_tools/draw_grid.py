"""Draw a grid of test images with their detections. See ``--help``."""
from fcos_mm.cli import run_command
from fcos_mm.cli.analysis_tools import draw_grid

if __name__ == '__main__':
    run_command(draw_grid)
