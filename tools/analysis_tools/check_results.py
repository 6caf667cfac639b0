"""Check whether COCO's evaluation server takes a file of detections. See ``--help``."""
from fcos_mm.cli import check_results, run_command

if __name__ == '__main__':
    run_command(check_results)
