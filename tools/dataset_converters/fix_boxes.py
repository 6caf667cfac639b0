"""Rewrite boxes of a COCO-format file as x, y, width, height in pixels."""
from fcos_mm.cli import run_command
from fcos_mm.cli.dataset_converters import fix_boxes

if __name__ == '__main__':
    run_command(fix_boxes)
