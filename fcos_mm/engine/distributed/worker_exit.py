"""Record each rank's exit; the launcher reports the first failure.

A rank writes torchelastic's error file (``TORCHELASTIC_ERROR_FILE``). Without an agent (Slurm,
MPI) it prints the message itself.
"""
import contextlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from torch import distributed

from fcos_mm.atomic_file import write_json
from fcos_mm.errors import UserError

ERROR_FILE = 'TORCHELASTIC_ERROR_FILE'  # <run>/attempt_<number>/<local rank>/error.json

# What gloo and NCCL say when another process is gone.
_LOST_CONTACT = ('connection closed by peer', 'connection reset by peer', 'broken pipe',
                 'connection refused', 'remote process exited', 'socket closed')


def rank_of_process() -> int:
    """The rank, before and after the processes have joined."""
    return int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', 0)))


def describe_rank(rank: int | str, pid: int) -> str:
    """Name a rank of this machine in a message."""
    return f'rank {rank} ({socket.gethostname()}, process {pid})'


def run_rank(main: Callable[[], object]) -> int:
    """Run the work of a rank, record its exit and return the status.

    After an error the process ends at once: closing down could wait for ranks that are gone.
    """
    try:
        result = main()
        return result if isinstance(result, int) else 0
    except SystemExit as stop:
        if stop.code:
            status = stop.code if isinstance(stop.code, int) else 1
            record_exit(f'rank {rank_of_process()} stopped, status {status}', status)
        raise
    except UserError as error:
        record_exit(f'error: rank {rank_of_process()}: {error}', 2)
        leave_at_once(2)
    except BaseException as error:
        message = ''.join(traceback.format_exception_only(error)).strip()
        name = describe_rank(rank_of_process(), os.getpid())
        if lost_contact(error):
            record_exit(f'error: {name} lost contact with another rank: {message.splitlines()[0]}',
                        1, lost=True)
        else:
            record_exit(f'error: {name} failed: {message}', 1, trace=traceback.format_exc())
        leave_at_once(1)


def record_exit(message: str, status: int, *, trace: str = '', lost: bool = False,
                path: str | None = None) -> None:
    """Record the exit of a rank for the launcher, or print it.

    ``lost``: it only lost contact to another rank. ``path``: another process's error file.
    """
    text = f'{trace.rstrip()}\n{message}'.lstrip()
    extra = dict(py_callstack=text, timestamp=str(int(time.time())), lost=lost)
    path = path or os.environ.get(ERROR_FILE)
    if path:
        with contextlib.suppress(UserError):  # the agent has gone
            return write_json(
                dict(message=dict(message=message, errorCode=status, extraInfo=extra)), path)
    print(text, file=sys.stderr, flush=True)


def read_exits(attempt: Path) -> list[dict]:
    """Read the exits recorded in the agent's folder of an attempt.

    Each has ``message``, ``errorCode`` and ``extraInfo``. The first failure comes first, ranks
    that lost contact last.
    """
    paths = sorted(attempt.glob('*/error.json'), key=lambda path: path.stat().st_mtime_ns)
    exits = [json.loads(path.read_text())['message'] for path in paths]
    return sorted(exits, key=lambda end: end['extraInfo']['lost'])


def leave_at_once(status: int) -> None:
    """End this process without closing down."""
    with contextlib.suppress(OSError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def lost_contact(error: BaseException) -> bool:
    """Whether an exception says that another rank is gone."""
    if isinstance(error, (distributed.DistNetworkError, distributed.DistBackendError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _LOST_CONTACT)
