"""Keep the images of a COCO-format file whose boxes overlap."""
from fcos_mm.cli import overlapped_subset, run_command

if __name__ == '__main__':
    run_command(overlapped_subset)
