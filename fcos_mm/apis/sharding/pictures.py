"""The pictures of a run in shards: files, and addresses in an object store."""
import glob
import hashlib
import os.path as osp
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fcos_mm.apis.sharding import addresses
from fcos_mm.detection.inputs import Inputs, is_video
from fcos_mm.errors import UserError
from fcos_mm.faults import counted


class Picture(NamedTuple):
    """A picture: its path or address, and its name in the detections."""
    path: str
    name: str

    @property
    def location(self) -> str:
        """The address, or the path from the root of the file system."""
        return self.path if addresses.is_address(self.path) else osp.abspath(self.path)


class ShardInputs(Inputs):
    """What :class:`Inputs` takes, and addresses such as ``s3://bucket/prefix``, also in lists.

    Names of addresses are relative to the folder that they have in common. Beside files they are
    whole.

    Raises:
        UserError: If a word means nothing, an address cannot be listed, or there is a video.
    """

    def __init__(self, words: Sequence[str], leave_out: str) -> None:
        self._folders: list[str] = []
        super().__init__(words, leave_out)
        videos = [path for path in self.files if is_video(path)]
        if videos:
            raise UserError(f'--shards is for images; {counted(len(videos), "video")} among the '
                            f'input: {videos[0]}.\nLeave videos out by a pattern or a list, and '
                            'detect in them without --shards.')
        self._folder = '' if self._roots else addresses.common_folder(self._folders)

    def name(self, path: str) -> str:
        """The path below the root, or that of an address below the folder of all."""
        if addresses.is_address(path):
            return path.removeprefix(self._folder)
        return super().name(path)

    def pictures(self) -> list[Picture]:
        """All pictures, in the order of the words."""
        return [Picture(path, self.name(path)) for path in self.files]

    def _meant(self, word: str, listed: bool = False) -> Iterator[str]:
        if not addresses.is_address(word):
            yield from super()._meant(word, listed)
            return
        if listed and not glob.has_magic(word):  # one that is missing fails later
            self._folders.append(word.rpartition('/')[0])
            yield word
            return
        found = addresses.find(word)
        if found.lines is None:
            self._folders.append(found.folder)
            yield from self._known(iter(found.files))
        for line in found.lines or ():
            yield from self._meant(line, listed=True)

    @staticmethod
    def _exists(path: str) -> bool:
        return addresses.is_address(path) or osp.exists(path)


def digest(pictures: Sequence[Picture]) -> str:
    """A checksum of which pictures these are, and of their order."""
    checksum = hashlib.sha256()
    for picture in pictures:
        for text in (picture.location, picture.name):
            checksum.update(text.encode('utf-8', 'surrogateescape') + b'\0')
    return checksum.hexdigest()
