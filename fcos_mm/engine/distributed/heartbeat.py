"""Where every rank is, and which of them the others wait for."""
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

#: Code in which a process waits for others, or for the device that does: parts of a file's path,
#: and names of functions.
_WAITING_FILES = (os.path.join('torch', 'distributed', ''), os.path.join('torch', 'cuda', ''))
_WAITING_FUNCTIONS = ('_engine_run_backward', 'read_norm')

_FRAMES_LOOKED_AT = 4  # a collective is entered through as many functions of torch


@dataclass
class Beat:
    """Where a rank is.

    Attributes:
        rank: Its number.
        machine: The name of its machine.
        pid: Its process.
        step: Batches that it has begun.
        phase: What it is doing, in words.
        age: Seconds since it began to.
        limit: Seconds that this may take.
        silence_limit: Seconds that it may be silent meanwhile.
        waiting: Whether it waits for other ranks.
        place: The line of code it is at.
        silent: Seconds since it was last heard of.
    """
    rank: int
    machine: str
    pid: int
    step: int
    phase: str
    age: float
    limit: float
    silence_limit: float
    waiting: bool
    place: str
    silent: float = 0

    @property
    def overdue(self) -> bool:
        """bool: Whether it is at it, or silent, longer than it may be."""
        return self.age + self.silent > self.limit or self.silent > self.silence_limit


def stalled(beats: Sequence[Beat], silence: float) -> list[Beat]:
    """Find the ranks that all others wait for, and that do not move.

    Only ranks that have begun the fewest batches can be the cause. Among them
    those that wait for others are not, unless all of them do.

    Args:
        beats: One of each rank.
        silence: Seconds after which it is not known whether a rank waits.

    Returns:
        The ranks at fault; none as long as each may take the time it takes.
    """
    last = min(beat.step for beat in beats)
    behind = [beat for beat in beats if beat.step == last]
    overdue = [beat for beat in behind if beat.overdue]
    at_fault = [beat for beat in overdue if not beat.waiting or beat.silent > silence]
    if at_fault or len(overdue) < len(behind):
        return at_fault
    return overdue


def verdict(at_fault: Sequence[Beat], silence: float) -> str:
    """Say which ranks are at fault, for the user.

    Args:
        at_fault: The result of :func:`stalled`.
        silence: Seconds after which a rank counts as silent.
    """
    lines = [describe(beat, silence) for beat in at_fault]
    if all(beat.waiting and beat.silent <= silence for beat in at_fault):
        lines.append('All ranks wait for each other: they have not called the same collectives.')
    return '\n'.join([
        *lines, 'The job is ended. If so much time was needed, raise '
        'default_hooks.watchdog.stall_seconds or slow_seconds.'])


def describe(beat: Beat, silence: float) -> str:
    """Say where a rank is.

    Args:
        beat: Its beat.
        silence: Seconds after which it counts as silent.
    """
    name = f'rank {beat.rank} ({beat.machine}, process {beat.pid})'
    since = f'{beat.age + beat.silent:.0f} s in {beat.phase} of batch {beat.step}'
    if beat.silent > silence:
        return (f'{name} is stopped or hangs: nothing was heard of it for {beat.silent:.0f} s; '
                f'{since}, last at {beat.place}')
    return f'{name} stalls: {since}, at {beat.place}'


def place_of(frame: FrameType) -> str:
    """Name the line of code of a frame.

    Args:
        frame: The innermost frame of a thread.
    """
    code = frame.f_code
    return f'{code.co_filename}:{frame.f_lineno} ({code.co_name})'


def waits(frame: FrameType) -> bool:
    """Whether a thread waits for other ranks.

    Args:
        frame: Its innermost frame.
    """
    for _ in range(_FRAMES_LOOKED_AT):
        code = frame.f_code
        if code.co_name in _WAITING_FUNCTIONS or any(
                part in code.co_filename for part in _WAITING_FILES):
            return True
        frame = frame.f_back
        if frame is None:
            break
    return False
