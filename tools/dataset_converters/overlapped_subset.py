"""Keep the images of a COCO-format file whose boxes overlap."""
from fcos_mm.cli import run_command
from fcos_mm.cli.dataset_converters import overlapped_subset

if __name__ == '__main__':
    run_command(overlapped_subset)
