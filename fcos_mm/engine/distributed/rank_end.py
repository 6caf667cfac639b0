"""How a process of several ends: told once, with its rank, by whoever started it.

The launcher names a folder in which every rank notes how it ended, and shows
the first cause. Without it (Slurm, MPI) a rank tells its end itself.
"""
import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import distributed

from fcos_mm.errors import UserError

#: The folder, and the number of the attempt, in the environment of the ranks.
FOLDER, ATTEMPT = 'FCOS_MM_RANK_ENDS', 'TORCHELASTIC_RESTART_COUNT'

# What gloo and NCCL say when another process is gone.
_LOST_WORDS = ('connection closed by peer', 'connection reset by peer', 'broken pipe',
               'connection refused', 'remote process exited', 'socket closed')


@dataclass
class RankEnd:
    """The end of a rank.

    Attributes:
        rank: Its number.
        machine: The name of its machine.
        pid: Its process.
        status: Its exit status.
        kind: ``'stop'`` asked to stop; ``'mistake'`` a ``UserError``; ``'error'`` any other
            exception; ``'lost'`` it lost contact to another rank; ``'stall'`` found by the
            watchdog.
        message: A line or more for the user.
        details: A traceback, or empty.
        time: Seconds since the epoch.
    """
    rank: int
    machine: str
    pid: int
    status: int
    kind: str
    message: str
    details: str
    time: float


def rank_of_process() -> int:
    """The rank, before and after the processes have joined."""
    return int(os.environ.get('RANK', os.environ.get('SLURM_PROCID', 0)))


def run_rank(main: Callable[[], object]) -> int:
    """Run the work of a rank and note how it ends.

    After an error the process ends at once: closing down could wait for ranks
    that are gone.

    Args:
        main: The work. A number it returns is the exit status.

    Returns:
        The exit status.

    Raises:
        SystemExit: If the work does.
    """
    try:
        result = main()
        return result if isinstance(result, int) else 0
    except SystemExit as end:
        if end.code:
            note_end(end.code if isinstance(end.code, int) else 1, 'stop', str(end.code))
        raise
    except UserError as error:
        note_end(2, 'mistake', str(error))
        leave_at_once(2)
    except BaseException as error:
        kind = 'lost' if lost_contact(error) else 'error'
        message = ''.join(traceback.format_exception_only(error)).strip()
        note_end(1, kind, message, traceback.format_exc())
        leave_at_once(1)


def note_end(status: int, kind: str, message: str, details: str = '') -> None:
    """Note the end of this rank for the launcher, or tell it.

    Args:
        status: The exit status.
        kind: See :class:`RankEnd`.
        message: A line or more for the user.
        details: A traceback, or empty.
    """
    end = RankEnd(rank_of_process(), socket.gethostname(), os.getpid(), status, kind, message,
                  details, time.time())
    folder = os.environ.get(FOLDER)
    if folder is None:
        print(describe(end), file=sys.stderr, flush=True)
        return
    write_end(Path(folder), int(os.environ.get(ATTEMPT, 0)), end)


def write_end(folder: Path, attempt: int, end: RankEnd) -> None:
    """Note the end of a rank for the launcher.

    Args:
        folder: Where.
        attempt: How often the ranks were started again before.
        end: The end.
    """
    (folder / f'{attempt}_{end.rank}.json').write_text(json.dumps(asdict(end)))


def leave_at_once(status: int) -> None:
    """End this process without closing down.

    Args:
        status: The exit status.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def read_ends(folder: Path, attempt: int) -> list[RankEnd]:
    """Read what the ranks noted.

    Args:
        folder: Where they did.
        attempt: How often the ranks were started again before.

    Returns:
        The ends, the first cause first: consequences come last.
    """
    ends = []
    for path in Path(folder).glob(f'{attempt}_*.json'):
        try:
            ends.append(RankEnd(**json.loads(path.read_text())))
        except ValueError:  # killed while writing
            continue
    return sorted(ends, key=lambda end: (end.kind != 'stall', end.kind == 'lost', end.time))


def describe(end: RankEnd) -> str:
    """Say what happened to a rank.

    Args:
        end: Its end.
    """
    if end.kind == 'mistake':
        return f'error: rank {end.rank}: {end.message}'
    if end.kind == 'stop':
        return f'rank {end.rank} stopped, status {end.status}'
    if end.kind == 'stall':
        return f'error: {end.message}'
    where = f'rank {end.rank} ({end.machine}, process {end.pid})'
    if end.kind == 'lost':
        return f'error: {where} lost contact to another rank: {end.message.splitlines()[0]}'
    return f'{end.details.rstrip()}\nerror: {where} failed: {end.message}'


def lost_contact(error: BaseException) -> bool:
    """Whether an exception says that another rank is gone.

    Args:
        error: The exception.
    """
    if isinstance(error, (distributed.DistNetworkError, distributed.DistBackendError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in _LOST_WORDS)
