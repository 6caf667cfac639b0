"""Batches of images that are padded to the same size."""
from collections.abc import Iterator, Sequence


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
