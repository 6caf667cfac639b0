"""The datasets inside a data loader's wrappers."""
from collections.abc import Iterator

from fcos_mm.compat.mm_datasets import without_batch_limit


def inner_datasets(dataset) -> Iterator:
    """The datasets that load images, through wrappers at any depth."""
    dataset = without_batch_limit(dataset)
    if hasattr(dataset, 'datasets'):  # concatenated
        for part in dataset.datasets:
            yield from inner_datasets(part)
    elif hasattr(dataset, 'dataset'):  # wrapped
        yield from inner_datasets(dataset.dataset)
    else:
        yield dataset


def metainfo_of(dataset) -> dict:
    """What a dataset says about itself; of several datasets what the first says."""
    metainfo = getattr(dataset, 'metainfo', {})
    if isinstance(metainfo, (list, tuple)):  # of concatenated datasets that differ
        metainfo = metainfo[0] if metainfo else {}
    return metainfo


def count_images(dataset) -> int:
    """Images that can be loaded: one that a wrapper repeats counts once."""
    return sum(len(part) for part in inner_datasets(dataset))
