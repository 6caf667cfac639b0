"""Data: COCO-format datasets, a generated one, converters, checks and image reading."""
from fcos_mm.datasets.coco import CocoDataset
from fcos_mm.datasets.data_root import set_data_root
from fcos_mm.datasets.packing import PackDetInputs
from fcos_mm.datasets.transforms import ImageError, LoadImageFromFile

__all__ = ['CocoDataset', 'ImageError', 'LoadImageFromFile', 'PackDetInputs', 'set_data_root']
