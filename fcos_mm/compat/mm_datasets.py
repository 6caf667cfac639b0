"""Private names of mmengine's and mmdet's datasets, samplers and COCO metric."""
from collections.abc import Iterator

from mmdet.evaluation import CocoMetric
from mmengine.dataset import BaseDataset, InfiniteSampler
from pycocotools.coco import COCO
from torch.utils.data import BatchSampler, Dataset


def load_metainfo(dataset_type: type[BaseDataset], metainfo: dict | None) -> dict:
    """What a dataset of a config says about itself, files of names read."""
    return dataset_type._load_metainfo(metainfo)


def use_first_metainfo(concatenated: Dataset) -> None:
    """Give concatenated datasets of the same classes the first one's metainfo.

    mmdet's ``ConcatDataset`` keeps a list where anything differs.
    """
    parts = concatenated._metainfo
    if isinstance(parts, list) and len({tuple(part.get('classes') or ()) for part in parts}) == 1:
        concatenated._metainfo = parts[0]


def inner_index(wrapper: Dataset, index: int):
    """The index inside a ``RepeatDataset``; of a ``ConcatDataset`` (dataset's place, index)."""
    return wrapper._get_ori_dataset_idx(index)


def without_batch_limit(dataset: Dataset) -> Dataset:
    """The dataset inside the one that mmengine makes for ``num_batch_per_epoch``, or itself."""
    return getattr(dataset, '_dataset', dataset)


def infinite_indices(sampler: InfiniteSampler) -> Iterator[int]:
    """The indices of all ranks from the start."""
    return sampler._infinite_indices()


def empty_buckets(batch_sampler: BatchSampler) -> None:
    """Forget the images that wait for a batch in mmdet's ``AspectRatioBatchSampler``."""
    batch_sampler._aspect_ratio_buckets = [[], []]


class CocoMetricBase(CocoMetric):
    """mmdet's metric, its annotations under a public name."""

    @property
    def truth(self) -> COCO | None:
        """The annotations; None until they are known."""
        return self._coco_api

    @truth.setter
    def truth(self, truth: COCO) -> None:
        self._coco_api = truth
