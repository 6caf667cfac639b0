"""Groups of images that are copies of each other, exact or nearly."""
import hashlib
import io
import os
import os.path as osp
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import imagehash
import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_SIDE = 16  # bits a side of the perceptual hash
_DRAFT = 4 * _SIDE  # pixels a side from which it is made
_NEAR = 32  # bits of 256 in which copies differ at most; different images differ in 90 or more
_LARGEST_GROUP = 0.5  # share of the images that may be near copies of each other
_BLOCK = 256  # images compared with all later ones at a time
_SLOW = 500  # images from which on the progress is shown
_AUGMENTED = re.compile(r'(.+)\.rf\.[0-9A-Za-z]{8,}')  # Roboflow's copies of one image


class Print(NamedTuple):
    """What an image is recognised by.

    Attributes:
        digest: Of the file.
        bits: 256 bits of what it shows; none where it cannot be read to its end.
    """

    digest: str
    bits: np.ndarray


def find_copies(paths: Sequence[str], prints: Sequence[Print] | None = None
                ) -> tuple[np.ndarray, np.ndarray]:
    """Find the images that are copies of each other.

    Near copies show the same in another size, quality or brightness, or were made by
    Roboflow from the same image.

    Args:
        paths: The N files.
        prints: Of these files, where they are known.

    Returns:
        Two arrays (N, ) of group numbers: by exact copies, and by exact and near copies.
    """
    prints = take_prints(paths) if prints is None else prints
    labels = np.arange(len(paths))
    exact = _join_equal(labels, [print_.digest for print_ in prints])
    names = [_AUGMENTED.match(osp.basename(path)) for path in paths]
    origins = [name.group(1) if name else path for name, path in zip(names, paths, strict=True)]
    return exact, _join_near(_join_equal(exact, origins), [print_.bits for print_ in prints])


def are_alike(near: np.ndarray) -> bool:
    """Whether near copies are so many that it says nothing: the images of a fixed camera."""
    return len(near) > 0 and np.bincount(near).max() > _LARGEST_GROUP * len(near)


def take_prints(paths: Sequence[str]) -> list[Print]:
    """Read images and take their prints."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [*track(pool.map(_print, paths), 'Reading the images', len(paths),
                       console=Console(stderr=True), transient=True, disable=len(paths) < _SLOW)]


def _print(path: str) -> Print:
    """Those of one image; one that cannot be read resembles nothing."""
    digest = path
    try:
        with open(path, 'rb') as file:
            content = file.read()
        digest = hashlib.sha256(content).hexdigest()
        with Image.open(io.BytesIO(content)) as image:
            image.draft('L', (_DRAFT, _DRAFT))  # a JPEG is decoded at the size needed
            return Print(digest, imagehash.phash(image, _SIDE).hash.ravel())
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return Print(digest, np.zeros(0, bool))


def _join(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Make one group of the two in which each pair of images is."""
    links = coo_array((np.ones(len(first), bool), (labels[first], labels[second])),
                      (len(labels), len(labels)))
    return connected_components(links, directed=False)[1][labels]


def _join_equal(labels: np.ndarray, keys: Sequence[str]) -> np.ndarray:
    """Join the images that have the same key."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return _join(labels, np.arange(len(labels)), first[inverse])


def _join_near(labels: np.ndarray, bits: Sequence[np.ndarray]) -> np.ndarray:
    """Join the images whose bits differ in few places."""
    readable = np.array([index for index, row in enumerate(bits) if len(row)], int)
    signs = np.array([bits[index] for index in readable], np.float32) * 2 - 1
    for start in range(0, len(readable), _BLOCK):
        likeness = signs[start:start + _BLOCK] @ signs[start:].T  # equal bits less different ones
        first, second = np.nonzero(likeness >= _SIDE ** 2 - 2 * _NEAR)
        labels = _join(labels, readable[start + first], readable[start + second])
    return labels
