"""Find image files whose names are spelled differently on this system."""
import os
import os.path as osp
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

#: What can be wrong with a name, and what to do. The first two are put right when an image is read.
KINDS = {
    'backslash': ('is written with backslashes', 'Write / instead'),
    'percent': ('is percent-encoded', 'Decode the names'),
    'repeated': ('begins with the folder that data_prefix.img ends with',
                 "Remove '{lost}' from the end of data_prefix.img, or from the file names"),
    'folder': ('begins with a folder that does not exist', "Remove '{lost}' from the file names"),
    'above': ('is relative to a parent folder',
              "Remove '{lost}' from the end of data_prefix.img"),
    'below': ('is relative to a subfolder',
              "Add '{lost}' to the end of data_prefix.img"),
    'blanks': ('has leading or trailing spaces', 'Correct the file names or rename the files'),
    'unicode': ('has a different Unicode form (composed or decomposed accents)',
                'Correct the file names or rename the files'),
    'case': ('has different letter case', 'Correct the file names or rename the files'),
    'suffix': ('has a different extension', 'Correct the file names'),
}
READ = ('backslash', 'percent')

_IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp', '.gif', '.jfif')


class Found(NamedTuple):
    """A file that is not where its name says.

    Attributes:
        kind: What is wrong with the name, a key of ``KINDS``.
        lost: The folder that is too much or missing, for the remedy.
    """
    path: str
    kind: str
    lost: str = ''


class Folders:
    """Answers whether files exist, by one listing of each folder."""

    def __init__(self) -> None:
        self.names, self.below = cache(self._names), cache(self._below)
        self._folded = cache(self._fold)

    def has(self, path: str) -> bool:
        """Whether there is a file or folder of exactly this name."""
        parent, name = osp.split(path)
        return name in self.names(parent)

    def alike(self, folder: str, name: str, fold: Callable[[str], str]) -> str | None:
        """The path below an existing folder whose parts are equal to a name's when folded."""
        for part in name.split('/'):
            other = self._folded(folder, fold).get(fold(part))
            if other is None:
                return None
            folder = osp.join(folder, other)
        return folder

    @staticmethod
    def _names(folder: str) -> frozenset[str]:
        """The names in a folder; none if there is no such folder."""
        try:
            return frozenset(os.listdir(folder or '.'))
        except (OSError, ValueError):
            return frozenset()

    def _below(self, folder: str) -> list[str]:
        """The folders in a folder."""
        return [name for name in sorted(self.names(folder))
                if not name.lower().endswith(_IMAGE_SUFFIXES)
                and osp.isdir(osp.join(folder, name))]

    def _fold(self, folder: str, fold: Callable[[str], str]) -> dict[str, str]:
        return {fold(name): name for name in sorted(self.names(folder))}


def readable(path: str) -> str:
    """The path under which a file can be read: names from Windows and of web pages are put right.

    The path stays unless there is no such file and there is one when the backslashes or
    percent-encoding below the deepest existing folder are put right.
    """
    if ('\\' not in path and '%' not in path) or '://' in path or osp.exists(path):
        return path
    folder = osp.dirname(path)
    while folder and not osp.isdir(folder):
        folder = osp.dirname(folder)
    name = path[len(folder):].lstrip('/') if folder else path
    found = _decoded(folder, name, osp.isfile)
    return found.path if found else path


def find_file(folder: str, name: str, folders: Folders) -> Found | None:
    """Look for a missing file under the names that tools make of a name."""
    found = _decoded(folder, name, folders.has)
    if found:
        return found
    plain = unquote(name).replace('\\', '/')
    for found in _misplaced(folder, plain, folders):
        if folders.has(found.path):
            return found
    for kind, fold in _FOLDS.items():
        path = folders.alike(folder, plain, fold)
        if path is not None:
            return Found(path, kind)
    return None


def _decoded(folder: str, name: str, exists: Callable[[str], bool]) -> Found | None:
    """The file whose name is another way of writing the same one."""
    slashes = name.replace('\\', '/')
    for kind, form in (('backslash', slashes), ('percent', unquote(name)),
                       ('percent', unquote(slashes).replace('\\', '/'))):
        path = osp.join(folder, form)
        if form != name and '\0' not in path and exists(path):
            return Found(path, kind)
    return None


def _misplaced(folder: str, name: str, folders: Folders) -> Iterator[Found]:
    """Where the file would be if a folder were too much or missing."""
    parts = [part for part in name.split('/') if part not in ('', '.')]
    above = [part for part in osp.normpath(folder).split('/') if part not in ('', '.')]
    for number in range(1, len(parts)):
        kind = 'repeated' if above[-number:] == parts[:number] else 'folder'
        lost = f"{'/' if name.startswith('/') else ''}{'/'.join(parts[:number])}/"
        yield Found(osp.join(folder, *parts[number:]), kind, lost)
    if above and parts:
        yield Found(osp.join(osp.dirname(osp.normpath(folder)), *parts), 'above', f'{above[-1]}/')
    for child in folders.below(folder) if parts else ():
        yield Found(osp.join(folder, child, *parts), 'below', f'{child}/')


def _unicode(name: str) -> str:
    return unicodedata.normalize('NFC', name.strip())


def _case(name: str) -> str:
    return _unicode(name).casefold()


def _stem(name: str) -> str:
    stem, ending = osp.splitext(_case(name))
    return stem if ending in _IMAGE_SUFFIXES else _case(name)


# Each takes away what the ones before it do.
_FOLDS: dict[str, Callable[[str], str]] = {
    'blanks': str.strip, 'unicode': _unicode, 'case': _case, 'suffix': _stem}


def sort_by_kind(found: dict[str, Found | None]) -> dict[tuple, list[str]]:
    """Missing paths by kind of ``KINDS`` and lost folder, most first; ``('', '')`` if not found."""
    groups = defaultdict(list)
    for path, where in found.items():
        groups[(where.kind, where.lost) if where else ('', '')].append(path)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))
