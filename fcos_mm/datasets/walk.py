"""From a data loader's dataset to the datasets inside its wrappers."""
from collections.abc import Iterator


def inner_datasets(dataset) -> Iterator:
    """The datasets that load images, through wrappers at any depth.

    Args:
        dataset: A dataset, or a wrapper of mmengine, mmdet or torch.

    Yields:
        Each dataset that is no wrapper, in order.
    """
    parts = getattr(dataset, 'datasets', None)  # concatenated
    for name in ('dataset', '_dataset'):  # wrapped; cut short by num_batch_per_epoch
        if parts is None and hasattr(dataset, name):
            parts = [getattr(dataset, name)]
    if parts is None:
        yield dataset
        return
    for part in parts:
        yield from inner_datasets(part)


def metainfo_of(dataset) -> dict:
    """What a dataset says about itself; of several datasets what the first says.

    Args:
        dataset: A dataset or a wrapper.
    """
    metainfo = getattr(dataset, 'metainfo', {})
    if isinstance(metainfo, (list, tuple)):  # of concatenated datasets that differ
        metainfo = metainfo[0] if metainfo else {}
    return metainfo


def count_images(dataset) -> int:
    """Images that can be loaded: one that a wrapper repeats counts once.

    Args:
        dataset: A dataset or a wrapper.
    """
    return sum(len(part) for part in inner_datasets(dataset))
