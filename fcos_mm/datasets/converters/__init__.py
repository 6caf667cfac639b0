"""Converters from other annotation formats to COCO's."""
from fcos_mm.datasets.converters.coco import CocoWriter
from fcos_mm.datasets.converters.voc import convert_voc, voc_classes
from fcos_mm.datasets.converters.voc_layout import voc_layout
from fcos_mm.datasets.converters.yolo import (
    convert_yolo,
    convert_yolo_files,
    read_class_names,
    read_data_yaml,
)

__all__ = [
    'CocoWriter', 'convert_voc', 'convert_yolo', 'convert_yolo_files', 'read_class_names',
    'read_data_yaml', 'voc_classes', 'voc_layout'
]
