"""What runs in a process of its own, on this machine or another."""
import os
import os.path as osp
import socket
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import cv2
import torch

from fcos_mm.apis.sharding.addresses import fetched, is_address
from fcos_mm.apis.sharding.networks import NetworkSpec, open_network
from fcos_mm.apis.sharding.results import MISSING, UNEXPECTED, UNREADABLE, failed, found
from fcos_mm.detection.image_files import count_pages
from fcos_mm.detection.session import in_background
from fcos_mm.detection.summary import reason_of
from fcos_mm.errors import UserError


class Worker:
    """Detects in pictures with one network.

    Args:
        threads: Of torch, OpenCV and the runtime of an exported file.
        batch_size: None for the network's usual one.
    """

    def __init__(self, threads: int, batch_size: int | None) -> None:
        self._threads, self._batch_size = threads, batch_size

    def started(self) -> None:
        """Nothing: an answer says that the process runs."""

    def open(self, spec: NetworkSpec, content: Callable[[], Sequence[bytes]], device: str
             ) -> dict:
        """Open a network, see :func:`open_network`; returns what the command wants to know.

        A UserError is returned as text under the key ``error``.
        """
        torch.set_num_threads(self._threads)
        cv2.setNumThreads(self._threads)
        try:
            self._network = open_network(spec, content, device, self._threads)
        except UserError as error:
            return dict(error=str(error))
        return dict(classes=list(self._network.classes), category_ids=self._network.category_ids,
                    threshold=self._network.thresholds.note, pid=os.getpid(),
                    host=socket.gethostname())

    def detect(self, locations: Sequence[str]) -> list[dict]:
        """The result of each picture, see :mod:`results`; what fails does not stop the others."""
        at_once = self._network.read_at_once(self._batch_size)
        items = in_background(self._read(locations), 2 * at_once)
        results = []
        while chunk := list(islice(items, at_once)):
            results += self._detect(chunk)
        return results

    def _read(self, locations: Sequence[str]) -> Iterator[tuple]:
        """What the network gets and the number of pages, or a failure and 0."""
        for location in locations:
            try:
                with fetched(location) as path:
                    try:
                        yield self._network.prepare(path), count_pages(path)
                    except Exception as error:
                        yield _failure(error, path, location), 0
            except Exception as error:
                yield _failure(error, location, location), 0

    def _detect(self, chunk: list[tuple]) -> list[dict]:
        read = [one for one, _ in chunk if not isinstance(one, dict)]
        outcomes = self._network.detect(read, self._batch_size)
        results = []
        for one, pages in chunk:
            if not isinstance(one, dict):
                try:
                    outcome = next(outcomes)
                    if isinstance(outcome, Exception):
                        raise outcome
                    one = found(outcome, pages)
                except Exception as error:
                    one = _failure(error, '', '')
            results.append(one)
        return results


def _failure(error: Exception, path: str, location: str) -> dict:
    kind = UNREADABLE if isinstance(error, UserError) else UNEXPECTED
    if location and not is_address(location) and not osp.exists(location):
        kind = MISSING
    return failed(f'{reason_of(error, path)} and was skipped', kind,
                  ''.join(traceback.format_exception(error)))
