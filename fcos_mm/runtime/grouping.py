"""Batches of images that are padded to the same size."""
from collections.abc import Iterator, Sequence

_ON_GPU = 8
_READ_AT_ONCE = 4  # batches; among so many images those of one size are looked for


def usual_batch(device: str, fixed: int = 0) -> int:
    """Images in a batch where nobody says how many; larger ones are not faster on a CPU.

    Args:
        device: ``'cpu'``, or a name of a GPU.
        fixed: The batch size of an exported file, 0 if it is dynamic.
    """
    return fixed or (1 if device == 'cpu' else _ON_GPU)


def read_at_once(batch_size: int) -> int:
    """How many images are worth reading before they are sorted into batches."""
    return 1 if batch_size == 1 else batch_size * _READ_AT_ONCE


def batches(shapes: Sequence[tuple], size: int) -> Iterator[list[int]]:
    """The indices of each batch of at most ``size`` images of equal shape.

    Padding so changes nothing: an image in a batch gets as much as it does alone.

    Args:
        shapes: Of each image, what decides the size that it is padded to.
        size: Images in a batch at most.
    """
    groups: dict[tuple, list[int]] = {}
    for index, shape in enumerate(shapes):
        groups.setdefault(shape, []).append(index)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start:start + size]
