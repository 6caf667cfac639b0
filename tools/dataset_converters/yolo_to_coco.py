"""Convert labels in the text format of YOLO to COCO's format."""
from fcos_mm.cli import run_command
from fcos_mm.cli.dataset_converters import yolo_to_coco

if __name__ == '__main__':
    run_command(yolo_to_coco)
