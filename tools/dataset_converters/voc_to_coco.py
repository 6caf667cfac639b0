"""Convert a dataset with an XML file an image to COCO's format."""
from fcos_mm.cli import run_command
from fcos_mm.cli.dataset_converters import voc_to_coco

if __name__ == '__main__':
    run_command(voc_to_coco)
