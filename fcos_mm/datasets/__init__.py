"""Data: COCO-format datasets, a generated one, converters, checks and image reading.

The converters and the generated dataset need neither torch nor OpenMMLab.
"""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'coco': ['CocoDataset'],
    'packing': ['PackDetInputs'],
    'resizing': ['Resize'],
    'samplers': ['AspectRatioBatchSampler', 'DefaultSampler', 'InfiniteSampler'],
    'transforms': ['ImageError', 'LoadImageFromFile'],
    'wrappers': ['ClassBalancedDataset', 'ConcatDataset', 'MultiImageMixDataset',
                 'RepeatDataset'],
}, first='fcos_mm.registry')
