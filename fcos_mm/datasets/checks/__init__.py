"""Checks of a config's data before anything is built.

mmdet drops what it cannot use silently: categories it does not know,
boxes without area, images without boxes. These checks find such faults first
and say which file, image or key is at fault and what to do.
"""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'annotations': ['CocoSource'],
    'boxes': ['read_checked'],
    'config': ['check_config_data'],
    'source': ['coco_sources'],
})
