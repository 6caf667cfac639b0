"""Datasets around datasets: those of mmengine and mmdet, with seeded samples.

The outermost dataset seeds a sample; those within are asked by plain indices.
"""
from mmdet.datasets import ConcatDataset as MMDetConcatDataset
from mmdet.datasets import MultiImageMixDataset as MMDetMultiImageMixDataset
from mmengine.dataset import ClassBalancedDataset as MMEngineClassBalancedDataset
from mmengine.dataset import RepeatDataset as MMEngineRepeatDataset

from fcos_mm.datasets.seeded import SeededSamples
from fcos_mm.registry import DATASETS


@DATASETS.register_module()
class ConcatDataset(SeededSamples, MMDetConcatDataset):
    """mmdet's, with seeded samples."""


@DATASETS.register_module()
class MultiImageMixDataset(SeededSamples, MMDetMultiImageMixDataset):
    """mmdet's, with seeded samples: the other images of a mix are seeded as well."""


@DATASETS.register_module()
class RepeatDataset(SeededSamples, MMEngineRepeatDataset):
    """mmengine's, with seeded samples."""


@DATASETS.register_module()
class ClassBalancedDataset(SeededSamples, MMEngineClassBalancedDataset):
    """mmengine's, with seeded samples."""
