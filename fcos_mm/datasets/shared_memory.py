"""One copy of large tensors for all ranks of a machine."""
import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import Callable

import torch
from mmengine.dist import all_gather_object, barrier, get_rank
from mmengine.logging import print_log

#: Folders for the file that the ranks map, the best first.
FOLDERS = ('/dev/shm', tempfile.gettempdir())


def share_between_ranks(load: Callable[[], dict]) -> dict:
    """Load something on the first rank of each machine; the others map its tensors.

    The mapped file is removed as soon as all ranks hold it. All ranks have to call this.

    Returns:
        What ``load`` returns. A rank that writes to a tensor gets a copy of its own.
    """
    rank, hosts = get_rank(), all_gather_object(socket.gethostname())
    leader = hosts.index(hosts[rank])
    content = load() if rank == leader else None
    path = all_gather_object(_write(content) if rank == leader else None)[leader]
    try:
        if path is not None:
            content = torch.load(path, mmap=True, weights_only=True)
    finally:
        barrier()
        if path is not None and rank == leader:
            os.unlink(path)
    return load() if content is None else content


def _write(content: dict) -> str | None:
    """Write a file that only this user can read; None if there is no room."""
    for folder in FOLDERS:
        path = ''
        try:
            handle, path = tempfile.mkstemp(prefix='fcos_mm-', dir=folder)
            with os.fdopen(handle, 'wb') as file:
                torch.save(content, file)
            return path
        except (OSError, RuntimeError) as error:  # torch's, for a full disk
            print_log(f'Annotations cannot be shared in {folder}: {error}', logger='current',
                      level=logging.WARNING)
            with contextlib.suppress(OSError):
                os.unlink(path)
    return None
