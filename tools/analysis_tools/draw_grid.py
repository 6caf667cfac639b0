"""Draw a sheet of test pictures with their detections. See ``--help``."""
from fcos_mm.apis.cli import run_tool
from fcos_mm.apis.draw_grid import main

if __name__ == '__main__':
    run_tool(main)
