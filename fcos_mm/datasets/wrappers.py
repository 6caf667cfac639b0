"""The dataset wrappers of mmengine and mmdet, with seeded samples.

The outermost dataset seeds a sample; those within are asked by plain indices.
They can be nested: mmdet's lose the classes, or what the next wrapper asks for.
"""
from collections.abc import Callable

from mmdet.datasets import ConcatDataset as MMDetConcatDataset
from mmdet.datasets import MultiImageMixDataset as MMDetMultiImageMixDataset
from mmengine.dataset import ClassBalancedDataset as MMEngineClassBalancedDataset
from mmengine.dataset import RepeatDataset as MMEngineRepeatDataset

from fcos_mm.compat.mm_datasets import inner_index, use_first_metainfo
from fcos_mm.datasets.pipeline import DropsSamples
from fcos_mm.datasets.seeded import SeededSamples
from fcos_mm.datasets.unreadable import UNREADABLE, ReplacesFailures, mark
from fcos_mm.datasets.walk import inner_datasets
from fcos_mm.registry import DATASETS


@DATASETS.register_module()
class ConcatDataset(SeededSamples, MMDetConcatDataset):
    """mmdet's, with seeded samples.

    Datasets of the same classes have the ``metainfo`` of the first of them.
    mmdet makes a list of theirs where anything differs, a palette too, which
    neither checkpoints nor metrics can use.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        use_first_metainfo(self)

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels in an image, for ``ClassBalancedDataset``."""
        place, index = inner_index(self, idx)
        return self.datasets[place].get_cat_ids(index)


@DATASETS.register_module()
class MultiImageMixDataset(SeededSamples, ReplacesFailures, MMDetMultiImageMixDataset):
    """mmdet's, with seeded samples: the other images of a mix are seeded as well.

    An image on which a transform fails is replaced by the next one, as in
    :class:`CocoDataset`.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.pipeline = [_MixTransform(transform, self.max_refetch) for transform in self.pipeline]

    @property
    def test_mode(self) -> bool:
        """Whether a failure stays an error."""
        return any(getattr(part, 'test_mode', False) for part in inner_datasets(self.dataset))

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels in an image, for ``ClassBalancedDataset``."""
        return self.dataset.get_cat_ids(idx)


@DATASETS.register_module()
class RepeatDataset(SeededSamples, MMEngineRepeatDataset):
    """mmengine's, with seeded samples."""

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels in an image, for ``ClassBalancedDataset``."""
        return self.dataset.get_cat_ids(inner_index(self, idx))


@DATASETS.register_module()
class ClassBalancedDataset(SeededSamples, MMEngineClassBalancedDataset):
    """mmengine's, with seeded samples."""


class _MixTransform(DropsSamples):
    """A transform of a mix that is named when it fails, and knows which images were replaced."""

    def __init__(self, transform: Callable, tries: int) -> None:
        self.transform = transform
        self._tries = tries
        if hasattr(transform, 'get_indexes'):
            self.get_indexes = transform.get_indexes

    def __call__(self, results: dict) -> dict | None:
        for other in results.get('mix_results', ()):
            if UNREADABLE in other:
                mark(results, other[UNREADABLE])
        return self.run_or_drop([self.transform], results, self._tries)

    def __repr__(self) -> str:
        return repr(self.transform)
