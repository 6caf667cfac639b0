"""Checks of the data a config names, made before anything is built.

mmdet drops what it cannot use without a word: categories it does not know,
boxes without area, images without boxes. These checks find such faults first
and say which file, image or key is at fault and what to do.
"""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'annotations': ['check_fields', 'read_annotation_file'],
    'boxes': ['check_boxes'],
    'categories': ['check_categories', 'check_num_classes'],
    'config': ['check_config_data'],
    'headers': ['check_image_sizes'],
    'images': ['check_image_files', 'kept_images'],
    'source': ['CocoSource', 'coco_sources'],
    'splits': ['check_split_size'],
})
