"""Where drawings of images go."""
import itertools
import os.path as osp

_KEPT = ('.jpg', '.jpeg', '.png')
_PHOTOS = ('.jfif', '.jpe', '.jp2', '.webp', '.avif')


def drawing_path(path: str) -> str:
    """The path of an image's drawing, JPEG or PNG: ``a.jpg`` stays, ``a.pgm`` is ``a.pgm.png``."""
    suffix = osp.splitext(path)[1].lower()
    if suffix in _KEPT:
        return path
    return path + ('.jpg' if suffix in _PHOTOS else '.png')


class DrawingPaths:
    """The paths of the drawings of a run: no two are the same."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, path: str) -> str:
        """:func:`drawing_path`, with a number if it was given before: ``a_2.png``."""
        path = drawing_path(path)
        stem, suffix = osp.splitext(path)
        numbered = (f'{stem}_{number}{suffix}' for number in itertools.count(2))
        while path in self._given:
            path = next(numbered)
        self._given.add(path)
        return path
