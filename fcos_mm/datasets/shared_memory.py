"""One copy of a large read-only byte string for all processes of a machine."""
import contextlib
import os
import pickle
import stat
import struct
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

try:
    import fcntl
except ImportError:  # not on Windows: nothing is shared there
    fcntl = None

MAGIC = b'fcos_mm1'  # written last: a file that starts with it is complete
_HEAD = struct.Struct('8sQQ')  # magic, length of the pickled head, length of the bytes

# A small object of which every process has its own, and arrays whose bytes are shared.
Content = tuple[object, Sequence[np.ndarray]]


class SharedFile:
    """A file in memory that the first process writes and all map read-only.

    Processes that ask for the same name meanwhile wait. Each holds a shared
    lock while it uses the file; the last one to leave removes it. What a
    killed process left behind is removed by the next one that looks.

    Args:
        path: Where the file is or will be.
        build: Makes the content; called by one process only.

    Attributes:
        head: The small object; every process has its own.
        bytes: (N,) of uint8, read-only, one copy for the machine.

    Raises:
        OSError: If the file system refuses.
    """

    def __init__(self, path: Path, build: Callable[[], Content]) -> None:
        self.path = path
        self._owner = os.getpid()
        self._descriptor = _locked(path)
        try:
            if not _complete(self._descriptor):
                _write(self._descriptor, build())
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
            _, head, size = _HEAD.unpack(os.pread(self._descriptor, _HEAD.size, 0))
            self.head = pickle.loads(os.pread(self._descriptor, head, _HEAD.size))
            with os.fdopen(os.dup(self._descriptor), 'rb') as file:
                self.bytes = np.asarray(
                    np.memmap(file, np.uint8, 'r', _HEAD.size + head, (size, )))
        except BaseException:
            self.close()
            raise

    def __deepcopy__(self, memo: dict) -> 'SharedFile':
        """The copy of a dataset shares as well."""
        return self

    def close(self) -> None:
        """Leave; the last process removes the file. What is mapped stays valid."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        # A forked worker shares this lock with its parent: it must not change it.
        if os.getpid() == self._owner:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, self.path):
                    self.path.unlink()
        os.close(descriptor)


def parents() -> tuple[str, ...]:
    """Where a folder for mapped files may be made, the best first."""
    return '/dev/shm', tempfile.gettempdir()


def place(name: str, size: int) -> Path | None:
    """Where the shared file of this name is or can be.

    In a folder of this user in ``/dev/shm`` where that has room, else among
    the temporary files. Files that no process uses any more are removed.

    Args:
        name: Names the content; the same for all who share it.
        size: Bytes that will be needed at most.

    Returns:
        Path or None: The path; None where there is no folder that only this
        user can write to.
    """
    if fcntl is None:
        return None
    for parent in parents():
        folder = Path(parent, f'fcos_mm-{os.geteuid()}')
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            about = folder.lstat()
            # The content is unpickled: nobody else may have written it.
            if (not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid()
                    or about.st_mode & 0o077):
                continue
            remove_unused(folder)
            room = os.statvfs(folder)
        except OSError:
            continue
        path = folder / name
        if path.exists() or room.f_bavail * room.f_frsize > size:
            return path
    return None


def remove_unused(folder: Path) -> None:
    """Remove the files that no living process holds."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, path):
                    path.unlink()
            finally:
                os.close(descriptor)


def _locked(path: Path) -> int:
    """Open the file, locked with others where it is complete, else alone.

    Waits while another process builds it.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            usable = True
        except BlockingIOError:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            usable = _complete(descriptor)
        if usable and _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # removed, or given up, while we waited


def _complete(descriptor: int) -> bool:
    return os.pread(descriptor, len(MAGIC), 0) == MAGIC


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that the path names."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _write(descriptor: int, content: Content) -> None:
    head = pickle.dumps(content[0])
    head += bytes(-len(head) % 8)  # so that the arrays start at a multiple of 8
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, _HEAD.size, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), 'wb') as file:
        file.write(head)
        size = sum(file.write(np.ascontiguousarray(array).data.cast('B'))
                   for array in content[1])
    os.pwrite(descriptor, _HEAD.pack(MAGIC, len(head), size), 0)
