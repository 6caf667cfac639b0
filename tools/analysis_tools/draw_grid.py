"""Draw a grid of test images with their detections. See ``--help``."""
from fcos_mm.cli import draw_grid, run_command

if __name__ == '__main__':
    run_command(draw_grid)
