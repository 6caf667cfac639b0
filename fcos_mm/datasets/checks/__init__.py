"""Checks of the data a config names, made before anything is built.

mmdet drops what it cannot use without a word: categories it does not know,
boxes without area, images without boxes. These checks find such faults first
and say which file, image or key is at fault and what to do.
"""
from .annotations import check_fields, read_annotation_file
from .boxes import check_boxes
from .categories import check_categories, check_num_classes
from .config import check_config_data
from .headers import check_image_sizes
from .images import check_image_files, kept_images
from .source import CocoSource, coco_sources
from .splits import check_split_size

__all__ = [
    'CocoSource', 'check_boxes', 'check_categories', 'check_config_data', 'check_fields',
    'check_image_files', 'check_image_sizes', 'check_num_classes', 'check_split_size',
    'coco_sources', 'kept_images', 'read_annotation_file'
]
