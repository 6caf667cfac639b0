"""Where each rank is, and which rank the others wait for."""
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

#: After so many seconds without a heartbeat it is not known whether a rank waits.
SILENCE_SECONDS = 5.0

# Code in which a process waits for other ranks or for the device that does.
_WAITING_FILES = (os.path.join('torch', 'distributed', ''), os.path.join('torch', 'cuda', ''))
_WAITING_FUNCTIONS = ('_engine_run_backward', 'read_norm')
_MAX_FRAMES = 4  # a collective is entered through as many functions of torch


@dataclass
class Heartbeat:
    """Where a rank is; times in seconds."""

    rank: int
    machine: str
    pid: int
    step: int  # batches that it has begun
    phase: str  # what it is doing, in words
    age: float  # of the phase
    limit: float  # of the phase
    silence_limit: float  # without a heartbeat
    waiting: bool  # for other ranks
    place: str  # in the code
    silent: float = 0  # since the last heartbeat

    @property
    def hangs(self) -> bool:
        """bool: Whether it is stopped, or does not let Python run."""
        return self.silent > SILENCE_SECONDS

    @property
    def overdue(self) -> bool:
        """bool: Whether the phase, or the silence, lasts longer than it may."""
        return self.age + self.silent > self.limit or self.silent > self.silence_limit

    def __str__(self) -> str:
        name = f'rank {self.rank} ({self.machine}, process {self.pid})'
        since = f'{self.age + self.silent:.0f} s in {self.phase} of batch {self.step}'
        if self.hangs:
            return (f'{name} is frozen or hangs: no heartbeat for {self.silent:.0f} s; '
                    f'{since}, last at {self.place}')
        return f'{name} stalls: {since}, at {self.place}'


def stalled(beats: Sequence[Heartbeat]) -> list[Heartbeat]:
    """Find the ranks that do not move and that all others wait for.

    Only ranks that have begun the fewest batches can be the cause. Among them those that wait
    for others are not, unless all of them do.
    """
    last = min(beat.step for beat in beats)
    behind = [beat for beat in beats if beat.step == last]
    overdue = [beat for beat in behind if beat.overdue]
    at_fault = [beat for beat in overdue if not beat.waiting or beat.hangs]
    return overdue if not at_fault and len(overdue) == len(behind) else at_fault


def verdict(at_fault: Sequence[Heartbeat]) -> str:
    """The error message about the ranks that :func:`stalled` found."""
    lines = [str(beat) for beat in at_fault]
    if all(beat.waiting and not beat.hangs for beat in at_fault):
        lines.append('All ranks wait for each other: they called different collectives.')
    return '\n'.join(['error: ' + lines[0], *lines[1:], 'The job is terminated. If this is normal, '
                      'raise default_hooks.watchdog.stall_seconds or slow_seconds.'])


def place_of(frame: FrameType) -> str:
    """File, line and function of a frame."""
    code = frame.f_code
    return f'{code.co_filename}:{frame.f_lineno} ({code.co_name})'


def waits(frame: FrameType | None) -> bool:
    """Whether a thread, given by its innermost frame, waits for other ranks."""
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        code = frame.f_code
        if code.co_name in _WAITING_FUNCTIONS or any(
                part in code.co_filename for part in _WAITING_FILES):
            return True
        frame = frame.f_back
    return False
