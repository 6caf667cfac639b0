"""Data: a generated dataset, converters, checks and image reading."""
from fcos_mm.datasets.data_root import set_data_root
from fcos_mm.datasets.transforms import ImageError, LoadImageFromFile

__all__ = ['ImageError', 'LoadImageFromFile', 'set_data_root']
