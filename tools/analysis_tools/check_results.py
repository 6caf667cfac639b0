"""Check whether COCO's evaluation server takes a file of detections. See ``--help``."""
from fcos_mm.cli import run_command
from fcos_mm.cli.analysis_tools import check_results

if __name__ == '__main__':
    run_command(check_results)
