"""Converters from other annotation formats to COCO's."""
from .coco import CocoWriter
from .voc import convert_voc, voc_classes
from .voc_layout import voc_layout
from .yolo import convert_yolo, read_class_names

__all__ = [
    'CocoWriter', 'convert_voc', 'convert_yolo', 'read_class_names', 'voc_classes', 'voc_layout'
]
