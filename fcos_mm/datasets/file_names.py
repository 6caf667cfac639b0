"""Finding the file that an annotation file names, under the name that it has on this system."""
import os
import os.path as osp
import unicodedata
from typing import Callable, Dict, Iterator, NamedTuple, Optional
from urllib.parse import unquote


class Found(NamedTuple):
    """A file that is not where its name says.

    Attributes:
        path: Where it is.
        kind: What is wrong with the name, a key of ``KINDS``.
    """
    path: str
    kind: str


#: What can be wrong with a name. The first two are put right when an image is read.
KINDS = {
    'backslash': 'is written with backslashes',
    'percent': 'is percent-encoded',
    'repeated': 'repeats a folder of data_prefix.img',
    'blanks': 'has blanks around it',
    'unicode': 'has another Unicode form',
    'case': 'has other letter case',
    'suffix': 'has another ending',
    'folder': 'has a folder that is not there',
    'below': 'lacks the folder below data_prefix.img',
}
READ = ('backslash', 'percent')


class Folders:
    """Answers whether files exist, by one listing of each folder."""

    def __init__(self) -> None:
        self._names: Dict[str, frozenset] = {}
        self._alike: Dict[tuple, dict] = {}

    def has(self, path: str) -> bool:
        """Whether there is a file or folder of exactly this name.

        Args:
            path: The path.
        """
        parent, name = osp.split(path)
        return name in self.names(parent)

    def names(self, folder: str) -> frozenset:
        """The names in a folder; none if there is no such folder.

        Args:
            folder: The folder.
        """
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder or '.'))
            except OSError:
                self._names[folder] = frozenset()
        return self._names[folder]

    def alike(self, folder: str, relative: str, fold: Callable[[str], str]) -> Optional[str]:
        """The path below a folder that is equal when every part is folded.

        Args:
            folder: An existing folder.
            relative: The path below it.
            fold: Takes away the difference that is not to count.
        """
        for part in relative.split('/'):
            key = folder, fold
            if key not in self._alike:
                self._alike[key] = {fold(name): name for name in self.names(folder)}
            name = self._alike[key].get(fold(part))
            if name is None:
                return None
            folder = osp.join(folder, name)
        return folder


def repaired(path: str) -> Optional[str]:
    """The file that a path with backslashes or percent-encoding means.

    Only what lies below the deepest folder that exists is changed.

    Args:
        path: A path that does not exist.

    Returns:
        The path of the file; None if there is none.
    """
    if '\\' not in path and '%' not in path:
        return None
    folder = osp.dirname(path)
    while folder and not osp.isdir(folder) and osp.dirname(folder) != folder:
        folder = osp.dirname(folder)
    name = osp.relpath(path, folder) if folder else path
    found = _decoded(folder, name, osp.isfile)
    return found.path if found else None


def find_file(folder: str, name: str, folders: Folders) -> Optional[Found]:
    """Look for a missing file under the names that tools make of a name.

    Args:
        folder: The folder that names are relative to.
        name: The name that the annotation file gives; there is no such file.
        folders: Listings, the same for all files.

    Returns:
        Where it is and what is wrong with the name; None if it is not found.
    """
    found = _decoded(folder, name, folders.has)
    if found:
        return found
    plain = unquote(name).replace('\\', '/').strip()
    for kind, path in _misplaced(folder, plain, folders):
        if folders.has(path):
            return Found(path, kind)
    for kind, fold in _FOLDS.items():
        path = folders.alike(folder, plain if kind != 'blanks' else name.replace('\\', '/'), fold)
        if path is not None:
            return Found(path, kind)
    return None


def _decoded(folder: str, name: str, exists: Callable[[str], bool]) -> Optional[Found]:
    """The file whose name is the other way of writing the same one."""
    forms = {'backslash': name.replace('\\', '/'), 'percent': unquote(name)}
    both = unquote(forms['backslash']).replace('\\', '/')
    for kind, form in (*forms.items(), ('percent', both)):
        path = osp.join(folder, form)
        if form != name and exists(path):
            return Found(path, kind)
    return None


def _misplaced(folder: str, name: str, folders: Folders) -> Iterator[tuple]:
    """Paths of the same file name elsewhere, with the kind of fault."""
    parts = [part for part in name.split('/') if part not in ('', '.')]
    above = osp.normpath(folder).split(os.sep)
    for number in range(1, min(len(parts), len(above) + 1)):
        if above[-number:] == parts[:number]:
            yield 'repeated', osp.join(folder, *parts[number:])
    for number in range(1, len(parts)):
        yield 'folder', osp.join(folder, *parts[number:])
    for child in sorted(folders.names(folder)):
        if '.' not in child and osp.isdir(osp.join(folder, child)):
            yield 'below', osp.join(folder, child, *parts)


def _unicode(name: str) -> str:
    return unicodedata.normalize('NFC', name)


def _without_suffix(name: str) -> str:
    return osp.splitext(name)[0]


_FOLDS: Dict[str, Callable[[str], str]] = {
    'blanks': str.strip, 'unicode': _unicode, 'case': str.casefold, 'suffix': _without_suffix}
