"""``CocoDataset``: mmdet's, with the annotations once in memory."""
import hashlib
import logging
import os
import weakref
from pathlib import Path

import mmdet
import numpy as np
from mmdet.datasets import CocoDataset as MMDetCocoDataset
from mmengine.dist import get_world_size
from mmengine.logging import print_log

from fcos_mm.datasets.coco_api import COCO
from fcos_mm.datasets.seeded import SeededSamples
from fcos_mm.datasets.shared_memory import SharedFile, place
from fcos_mm.datasets.unreadable import ReplacesUnreadable
from fcos_mm.registry import DATASETS

# What the annotations depend on, beside the file.
_SETTINGS = ('ann_file', 'data_prefix', 'metainfo', 'filter_cfg', 'test_mode', '_indices',
             'seg_map_suffix', 'return_classes', 'caption_prompt', 'proposal_file')
_FOUND = ('cat_ids', 'cat2label', 'cat_img_map')  # what reading them sets, beside the annotations


@DATASETS.register_module()
class CocoDataset(SeededSamples, ReplacesUnreadable, MMDetCocoDataset):
    """mmdet's dataset in COCO format, for less memory.

    Configs under ``default_scope='fcos_mm'`` get it by the plain name
    ``CocoDataset``. It differs from mmdet's in six ways:

    - The processes of one machine share one copy of the annotations, and only
      the first of them reads the file. Workers that are forked share their
      parent's in mmdet too; other ranks, and workers that are spawned, do not.
    - Masks are left out where the pipeline loads annotations without masks.
    - ``cat_img_map`` holds arrays. Its lists are of numbers that lie scattered
      over all the memory in which the file was read, which then cannot be
      given back: half a gigabyte for COCO.
    - Labels follow ``metainfo.classes``, whatever the order of the file's
      categories; the file is read by :class:`~fcos_mm.datasets.coco_api.COCO`.
    - An index of our samplers seeds the random numbers of its sample.
    - In training an image that cannot be read is replaced, see
      :class:`ReplacesUnreadable`.

    Args:
        *args: mmdet's arguments.
        share_annotations: Whether to share; None: where there are several ranks.
        **kwargs: mmdet's arguments.
    """
    COCOAPI = COCO

    def __init__(self, *args, share_annotations: bool | None = None, **kwargs) -> None:
        self.share_annotations = share_annotations
        self._shared: SharedFile | None = None
        super().__init__(*args, **kwargs)

    def full_init(self) -> None:
        """Read the annotations, or take those that another process has read."""
        if self._fully_initialized:
            return
        path = self._place() if self._shares() else None
        if path is not None:
            try:
                self._take(SharedFile(path, self._build))
                return
            except OSError as error:
                print_log(f'Annotations are not shared: {path}: {error}', logger='current',
                          level=logging.WARNING)
        super().full_init()

    def filter_data(self) -> list[dict]:
        """Leave out images by ``filter_cfg``, and masks that nobody loads.

        Returns:
            list[dict]: One dict an image.
        """
        loaders = [transform.with_mask for transform in self.pipeline.transforms
                   if hasattr(transform, 'with_mask')]
        if loaders and not any(loaders):
            for image in self.data_list:
                for instance in image['instances']:
                    instance.pop('mask', None)
        kept = super().filter_data()
        self.cat_img_map = {key: np.array(ids) for key, ids in self.cat_img_map.items()}
        return kept

    def _shares(self) -> bool:
        if not self.serialize_data:
            return False
        if self.share_annotations is None:
            return get_world_size() > 1
        return self.share_annotations

    def _place(self) -> Path | None:
        """The shared file of these annotations; None for a file elsewhere."""
        try:
            files = [os.stat(path) for path in (self.ann_file, self.proposal_file) if path]
        except OSError:
            return None
        indices = self._indices
        settings = [getattr(self, name) for name in _SETTINGS]
        settings[_SETTINGS.index('_indices')] = (
            indices if indices is None or isinstance(indices, int) else list(indices))
        masks = [getattr(transform, 'with_mask', None) for transform in self.pipeline.transforms]
        key = repr((type(self), mmdet.__version__, settings, masks, os.path.abspath(self.ann_file),
                    [(file.st_mtime_ns, file.st_size, file.st_ino) for file in files]))
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return place(name, 2 * sum(file.st_size for file in files))

    def _build(self):
        """Read the file as mmdet does."""
        super().full_init()
        found = {name: getattr(self, name) for name in _FOUND}
        return (dict(length=self.data_address.nbytes, found=found),
                [self.data_address, self.data_bytes])

    def _take(self, shared: SharedFile) -> None:
        """Use what the shared file holds."""
        self._shared = shared
        weakref.finalize(self, shared.close)
        self.__dict__.update(shared.head['found'])
        length = shared.head['length']
        # addresses lead, so that they lie on a multiple of their size
        self.data_address = shared.bytes[:length].view(np.int64)
        self.data_bytes = shared.bytes[length:]
        self._fully_initialized = True

    def __getstate__(self) -> dict:
        """For a worker that is spawned: where the annotations are, not they."""
        state = self.__dict__.copy()
        state['_shared'] = None
        if self._holds_shared():
            for name in ('data_address', 'data_bytes'):
                del state[name]
            state['_shared'] = self._shared.path
        return state

    def __setstate__(self, state: dict) -> None:
        """Map the annotations again; read the file again if they are gone."""
        path = state.pop('_shared', None)
        self.__dict__.update(state)
        self._shared = None
        if path is not None:
            self._fully_initialized = False
            self.full_init()

    def _holds_shared(self) -> bool:
        """Whether the annotations are the shared ones: a subset in place is not."""
        return self._shared is not None and np.shares_memory(self.data_bytes, self._shared.bytes)
