"""Rewrite boxes of a COCO-format file as x, y, width, height in pixels."""
from fcos_mm.cli import fix_boxes, run_command

if __name__ == '__main__':
    run_command(fix_boxes)
