"""Workers as actors of Ray: https://docs.ray.io/en/latest/ray-core/actors.html"""
import contextlib
import logging
import math
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from types import ModuleType

from fcos_mm.apis.sharding.jobs import Event
from fcos_mm.apis.sharding.networks import NetworkSpec, files_of
from fcos_mm.apis.sharding.placing import Placing
from fcos_mm.apis.sharding.worker import Worker
from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError, first_line

_STORE = 200 * 2**20  # bytes of shared memory of a Ray on this machine
#: Of a Ray on this machine. Ray listens on all interfaces of Linux unless it is told that there
#: are no clusters here.
_LOCAL = dict(RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER='0', RAY_AUTH_MODE='token')
_QUIET = dict(RAY_USAGE_STATS_ENABLED='0', RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO='0')
_CONNECT = 10.  # seconds
_SHORT = 30  # bytes of a path
_WAIT = 60.  # seconds without any worker until the user hears of it


class RayEngine:
    """Runs workers on Ray, see :class:`fcos_mm.apis.sharding.jobs.Engine`.

    Nothing is retried by Ray itself: who calls learns of every death, and no result can come
    twice.

    Args:
        ray: The module, connected.
        spec: Of the network.
        placing: The share of each worker.
        batch_size: None for the network's usual one.
        ship: Whether workers may be on machines without the files of the model.
        say: Shows the user a line.
    """

    def __init__(self, ray: ModuleType, *, spec: NetworkSpec, placing: Placing,
                 batch_size: int | None = None, ship: bool = False, say=print) -> None:
        self._ray, self._spec, self._placing, self._say = ray, spec, placing, say
        content = [path.read_bytes() for path in files_of(spec.model)] if ship else []
        # in a list Ray hands on where it is, not what it is
        self._content = partial(_get, [ray.put(content)]) if content else None
        self._actor = partial(ray.remote(Worker).options(
            num_cpus=placing.cpus, num_gpus=placing.gpus, max_restarts=0, max_task_retries=0,
            scheduling_strategy='SPREAD').remote, threads=placing.threads, batch_size=batch_size)
        self._numbers = count()
        self._actors: dict[int, object] = {}
        self._pending: dict[object, tuple[int, str]] = {}  # references to what is not there yet
        self._quiet = True

    def hire(self) -> int:
        """Start a worker; its number."""
        worker = next(self._numbers)
        actor = self._actors[worker] = self._actor()
        device = 'cuda:0' if self._placing.gpus else 'cpu'
        self._pending[actor.started.remote()] = worker, 'started'
        self._pending[actor.open.remote(self._spec, self._content, device)] = worker, 'opened'
        return worker

    def submit(self, worker: int, locations: Sequence[str]) -> None:
        """Give pictures to a worker that is idle."""
        self._pending[self._actors[worker].detect.remote(list(locations))] = worker, 'done'

    def wait(self, seconds: float | None = None) -> Event | None:
        """The next report; None if there is none within some seconds.

        Raises:
            UserError: If a worker cannot open the network.
        """
        end = math.inf if seconds is None else time.monotonic() + seconds
        while not (ready := self._ray.wait(list(self._pending), timeout=min(
                _WAIT, max(0., end - time.monotonic())))[0]):
            if time.monotonic() >= end:
                return None
            if self._quiet and all(kind != 'done' for _, kind in self._pending.values()):
                self._quiet = False
                self._say(f'no worker is ready after {_WAIT:g} s; waiting for Ray to have room '
                          f'for {self._placing}')
        worker, kind = self._pending.pop(ready[0])
        self._quiet = self._quiet and kind != 'done'
        try:
            value = self._ray.get(ready[0])
        except self._ray.exceptions.RayError as error:
            self.dismiss(worker)
            return Event(worker, 'died', _reason(error))
        if kind == 'opened' and 'error' in value:
            raise UserError(value['error'])
        return Event(worker, kind, value)

    def close(self) -> None:
        """End all workers."""
        for worker in list(self._actors):
            self.dismiss(worker)

    def dismiss(self, worker: int) -> None:
        """End a worker, which will report nothing more."""
        self._pending = {reference: (of, kind) for reference, (of, kind) in self._pending.items()
                         if of != worker}
        with contextlib.suppress(Exception):
            self._ray.kill(self._actors.pop(worker))


@contextlib.contextmanager
def connected(address: str | None, on_gpu: bool | None = None, **settings) -> Iterator[ModuleType]:
    """Ray, connected to a cluster or started on this machine, where only its user can reach it.

    What is connected already is used as it is.

    Args:
        address: Of the cluster, ``'auto'`` for that of this machine; None to start one.
        on_gpu: False if GPUs are not used.
        settings: Of ``ray.init``, for tests.

    Raises:
        UserError: If Ray is not installed, cannot be started or cannot be reached.
    """
    _set_environment(local=address is None)
    ray = import_extra('ray', '--shards')
    if ray.is_initialized():
        yield ray
        return
    check_address(address)
    with _settings(address, on_gpu) as chosen, _own_sigterm():
        try:
            ray.init(**chosen, **settings, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # of many kinds
            ray.shutdown()
            raise _unreachable(address, error) from error
        try:
            yield ray
        finally:
            ray.shutdown()


@contextlib.contextmanager
def _own_sigterm() -> Iterator[None]:
    """Restore the handler of SIGTERM: Ray leaves one, with which forked processes do not end."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and before is not None:  # None: not set by Python
            signal.signal(signal.SIGTERM, before)


def _set_environment(local: bool) -> None:
    """Set what Ray reads when it is imported; later changes would fit only half of it."""
    values = _QUIET
    if local and 'ray' not in sys.modules:
        values = {**_QUIET, **_LOCAL, 'RAY_AUTH_TOKEN': secrets.token_hex(32)}
    for name, value in values.items():
        os.environ.setdefault(name, value)


def check_address(address: str | None) -> None:
    """Make sure that something listens at ``host:port``; Ray would try it for minutes.

    Raises:
        UserError: If nothing does.
    """
    host, _, port = (address or '').removeprefix('ray://').rpartition(':')
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip('[]'), int(port)), timeout=_CONNECT).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from error


@contextlib.contextmanager
def _settings(address: str | None, on_gpu: bool | None) -> Iterator[dict]:
    """What ``ray.init`` gets.

    The folder of a Ray on this machine has a short name: Ray's sockets are in it, and their paths
    may have about 100 bytes.
    """
    if address is not None:
        yield dict(address=address)
        return
    short = len(tempfile.gettempdir()) < _SHORT
    with tempfile.TemporaryDirectory(prefix='fcos_ray_', dir=None if short else '/tmp',
                                     ignore_cleanup_errors=True) as folder:
        gpus = dict(num_gpus=0) if on_gpu is False else {}
        yield dict(include_dashboard=False, object_store_memory=_STORE, _temp_dir=folder, **gpus)


def _get(references: list) -> list[bytes]:
    import ray
    return ray.get(references[0])


def _reason(error: Exception) -> str:
    """The line of Ray's message that says why a worker ended."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith('The actor is dead because')), None)
    return (told or (lines or [type(error).__name__])[-1]).split('. ')[0].rstrip('.')


def _unreachable(address: str | None, error: Exception) -> UserError:
    reason = first_line(error)
    if address is None:
        return UserError(f'Ray cannot be started on this machine: {reason}')
    return UserError(f'--ray-address {address} cannot be reached: {reason}\nGive the address that '
                     '`ray start` shows, or auto on a machine of the cluster.')
