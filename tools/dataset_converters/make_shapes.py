"""Write the generated dataset `shapes` in COCO's format."""
from fcos_mm.cli import make_shapes, run_command

if __name__ == '__main__':
    run_command(make_shapes)
