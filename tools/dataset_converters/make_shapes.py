"""Write the generated dataset `shapes` in COCO's format."""
from fcos_mm.cli import run_command
from fcos_mm.cli.dataset_converters import make_shapes

if __name__ == '__main__':
    run_command(make_shapes)
