"""The images and videos that a command line names."""
import glob
import os
import os.path as osp
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fcos_mm.errors import UserError

#: Endings of image files; those that cannot be decoded are reported, not left out.
IMAGES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp', '.jfif',
          '.jpe', '.jp2', '.gif', '.avif', '.heic', '.heif', '.dib', '.pbm', '.pnm')
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv')
_LIST = '.txt'


def is_video(path: str) -> bool:
    """Whether a path ends like a video."""
    return _ending(path) in VIDEOS


class Inputs:
    """The files that the words of a command line mean, each once, in the order of the words.

    Args:
        words: Images, videos, folders with them, patterns such as ``a/**/*.jpg`` that the shell
            has not expanded, and lists: ``.txt`` files with an image, video or pattern a line.
        leave_out: A folder that is not searched, as results go there.

    Attributes:
        files: Paths. Those of a list may be missing.
        others: How many files of folders end like neither image nor video, by ending.
        root: The folder that names of files are relative to: that of the word, or the one that
            all words have in common.

    Raises:
        UserError: If a word means nothing, or there is no image and no video.
    """

    def __init__(self, words: Sequence[str], leave_out: str) -> None:
        self.others: Counter = Counter()
        self._searched = {osp.realpath(leave_out)}
        self._roots: list[str] = []
        found = [path for word in words for path in self._meant(word)]
        self.files = list({osp.abspath(path): path for path in reversed(found)}.values())[::-1]
        if not self.files:
            raise UserError(f'No images in {", ".join(words)} and its folders: names must end '
                            f'with one of {", ".join([*IMAGES, *VIDEOS])}.')
        self.root = _common(self._roots)

    def name(self, path: str) -> str:
        """The path of a file below the root, with ``/`` on every system."""
        return Path(osp.relpath(path, self.root)).as_posix()

    def _meant(self, word: str, listed: bool = False) -> Iterator[str]:
        if osp.isdir(word):
            self._roots.append(word)
            yield from self._known(_files(word, self._searched))
        elif osp.isfile(word) and _ending(word) == _LIST and not listed:
            yield from self._of_list(word)
        elif osp.isfile(word) or listed and not glob.has_magic(word):
            self._roots.append(osp.dirname(word))
            yield word
        elif glob.has_magic(word):
            yield from self._matching(word)
        elif '://' in word:
            raise UserError(f'{word} is a URL: download it and give the file.')
        else:
            raise UserError(f'Input not found: {word}\nGive images, videos, folders of them, '
                            'patterns such as "a/*.jpg", or lists (.txt).')

    def _matching(self, pattern: str) -> Iterator[str]:
        matches = sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise UserError(f'Nothing matches {pattern}.\nCheck the folder and the case of the '
                            'extension.')
        folders = [path for path in matches if osp.isdir(path)]
        yield from self._known(path for path in matches if path not in folders)
        self._roots.append(_fixed_part(pattern))
        for folder in folders:
            yield from self._known(_files(folder, self._searched))

    def _of_list(self, path: str) -> Iterator[str]:
        """What the lines of a file mean, from here or from the file's folder."""
        try:
            lines = [line.strip() for line in Path(path).read_text(encoding='utf-8-sig')
                     .splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f'{path} cannot be read as a list: {error}') from error
        entries = [_beside(path, line) for line in lines if line and not line.startswith('#')]
        if not any(map(self._exists, entries)) and not any(map(glob.has_magic, entries)):
            example = f', such as {entries[0]}' if entries else ''
            raise UserError(f'{path} is not a list of images: none of its {len(entries)} lines is '
                            f'a file{example}.\nGive folders or patterns such as "a/*.jpg" to '
                            'leave text files out.')
        for entry in entries:
            yield from self._meant(entry, listed=True)

    @staticmethod
    def _exists(path: str) -> bool:
        return osp.exists(path)

    def _known(self, paths: Iterator[str]) -> Iterator[str]:
        for path in paths:
            if _ending(path) in (*IMAGES, *VIDEOS):
                yield path
            else:
                self.others[_ending(path) or 'none'] += 1


def _files(folder: str, seen: set[str]) -> Iterator[str]:
    """Files of a folder and, after them, of the folders in it; each folder once."""
    if osp.realpath(folder) in seen:
        return
    seen.add(osp.realpath(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f'{folder} cannot be searched: {error.strerror}.\n'
                        'Remove it from the input or make it readable.') from error
    entries = [entry for entry in entries if not entry.name.startswith('.')]
    yield from (entry.path for entry in entries if entry.is_file())
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry.path, seen)


def _beside(file: str, path: str) -> str:
    """A path as it is, or from the folder of the file that holds it if it is only there."""
    beside = osp.join(osp.dirname(file), path)
    meant = glob.glob(path, recursive=True) if glob.has_magic(path) else osp.exists(path)
    return path if meant or osp.isabs(path) or '://' in path else beside


def _fixed_part(pattern: str) -> str:
    """The folder of a pattern before its first wildcard."""
    folder = pattern
    while glob.has_magic(folder):
        folder = osp.dirname(folder)
    return folder


def _common(folders: Sequence[str]) -> str:
    """The deepest folder that holds all; its path is relative if there is one folder only."""
    folders = list(dict.fromkeys(folder or os.curdir for folder in folders))
    if len(folders) == 1:
        return folders[0]
    try:
        return osp.commonpath([osp.abspath(folder) for folder in folders])
    except ValueError:  # on several drives
        return os.curdir


def _ending(path: str) -> str:
    return osp.splitext(path)[1].lower()
