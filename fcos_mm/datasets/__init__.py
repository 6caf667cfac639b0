"""Data: COCO-format datasets, a generated one, converters, checks and image reading."""
from fcos_mm.datasets.coco import CocoDataset
from fcos_mm.datasets.packing import PackDetInputs
from fcos_mm.datasets.samplers import AspectRatioBatchSampler, DefaultSampler, InfiniteSampler
from fcos_mm.datasets.transforms import ImageError, LoadImageFromFile
from fcos_mm.datasets.wrappers import (
    ClassBalancedDataset,
    ConcatDataset,
    MultiImageMixDataset,
    RepeatDataset,
)

__all__ = [
    'AspectRatioBatchSampler', 'ClassBalancedDataset', 'CocoDataset', 'ConcatDataset',
    'DefaultSampler', 'ImageError', 'InfiniteSampler', 'LoadImageFromFile', 'MultiImageMixDataset',
    'PackDetInputs', 'RepeatDataset'
]
