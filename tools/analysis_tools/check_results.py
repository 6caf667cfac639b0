"""See whether COCO's evaluation server takes a file of detections. See ``--help``."""
from fcos_mm.apis.check_results import main
from fcos_mm.apis.cli import run_tool

if __name__ == '__main__':
    run_tool(main)
