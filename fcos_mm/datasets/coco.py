"""``CocoDataset``: mmdet's dataset, with the annotations held in memory only once."""
import numpy as np
import torch
from mmdet.datasets import CocoDataset as MMDetCocoDataset
from mmengine.dist import get_world_size

from fcos_mm.datasets.coco_api import COCO
from fcos_mm.datasets.seeded import SeededSamples
from fcos_mm.datasets.shared_memory import share_between_ranks
from fcos_mm.datasets.unreadable import ReplacesUnreadable
from fcos_mm.registry import DATASETS


@DATASETS.register_module()
class CocoDataset(SeededSamples, ReplacesUnreadable, MMDetCocoDataset):
    """mmdet's COCO dataset with lower memory use.

    Under ``default_scope='fcos_mm'`` the plain name ``CocoDataset`` refers to this class. It
    differs from mmdet's in six ways:

    - The ranks on a machine share one copy of the annotations, and only the first of them reads
      the file. Forked workers share their parent's copy, as in mmdet.
    - Masks are dropped if the pipeline does not load them.
    - ``cat_img_map`` holds arrays. mmdet's lists refer to numbers scattered over the memory in
      which the file was parsed, so that it cannot be freed: half a gigabyte for COCO.
    - Labels follow ``metainfo.classes``, whatever the category order in the file; the file is
      read by :class:`~fcos_mm.datasets.coco_api.COCO`.
    - The indices of our samplers seed the random augmentation of each sample.
    - During training, unreadable images are replaced, see :class:`ReplacesUnreadable`.

    Args:
        share_annotations: Whether the ranks on a machine share one copy.
    """
    COCOAPI = COCO

    def __init__(self, *args, share_annotations: bool = True, **kwargs) -> None:
        self.share_annotations = share_annotations
        super().__init__(*args, **kwargs)

    def full_init(self) -> None:
        """Read the annotations, or map those that another rank has already read."""
        shares = self.share_annotations and self.serialize_data and get_world_size() > 1
        if self._fully_initialized or not shares:
            super().full_init()
            return
        content = share_between_ranks(self._read)
        self.cat_ids, self.cat2label = content['cat_ids'], content['cat2label']
        self.cat_img_map = {key: ids.numpy() for key, ids in content['cat_img_map'].items()}
        self.data_bytes = content['data_bytes'].numpy()
        self.data_address = content['data_address'].numpy()
        self._fully_initialized = True

    def _read(self) -> dict:
        """Read the file; returns what that sets."""
        super().full_init()
        return dict(
            cat_ids=self.cat_ids, cat2label=self.cat2label,
            cat_img_map={key: torch.from_numpy(ids) for key, ids in self.cat_img_map.items()},
            data_bytes=torch.from_numpy(self.data_bytes),
            data_address=torch.from_numpy(self.data_address))

    def filter_data(self) -> list[dict]:
        """Drop images according to ``filter_cfg``, and masks that the pipeline does not load."""
        loaders = [transform.with_mask for transform in self.pipeline.transforms
                   if hasattr(transform, 'with_mask')]
        if loaders and not any(loaders):
            for image in self.data_list:
                for instance in image['instances']:
                    instance.pop('mask', None)
        kept = super().filter_data()
        self.cat_img_map = {key: np.array(ids) for key, ids in self.cat_img_map.items()}
        return kept
