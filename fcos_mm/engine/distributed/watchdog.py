"""End the job when a rank stalls, and name the rank."""
import atexit
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import defaultdict, deque
from dataclasses import asdict
from statistics import median

from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from torch.distributed import PrefixStore, Store

from fcos_mm.compat.distributed import connect_to_store, restarts_of_agent
from fcos_mm.engine.distributed.stalled_ranks import (
    SILENCE_SECONDS,
    Heartbeat,
    place_of,
    stalled,
    verdict,
    waits,
)
from fcos_mm.engine.distributed.worker_exit import ERROR_FILE, leave_at_once, record_exit
from fcos_mm.registry import HOOKS

_BEAT_SECONDS = 1.0
_MIN_STEPS = 3  # before them it is not known how long a step takes
_MAX_FACTOR = 10  # so much longer than the median a step may take
_BATCH_PHASES = ('train step', 'val step', 'test step', 'loading data')


class RunningClock:
    """Monotonic clock that excludes suspended time.

    Between two ticks at most ``SILENCE_SECONDS`` count; before the first tick all time counts.
    """

    def __init__(self) -> None:
        self._state = 0., time.monotonic(), float('inf')  # ran, last tick, longest gap

    def tick(self) -> None:
        """Note that the process runs."""
        self._state = self.now(), time.monotonic(), SILENCE_SECONDS

    def now(self) -> float:
        """Seconds for which the process has run."""
        ran, last, longest = self._state
        return ran + min(time.monotonic() - last, longest)


@HOOKS.register_module()
class WatchdogHook(Hook):
    """Ends the job when a rank stalls, on all ranks, and names it.

    Every second each rank publishes a heartbeat through the store in which the ranks met; the
    first and the last rank check whether one is overdue. Time during which the whole job is
    suspended does not count.

    Args:
        stall_seconds: Time limit for a batch, and for loading one, or ten times the median if
            that is longer.
        slow_seconds: Time limit for the first batches and everything else, such as evaluation or
            saving.
    """

    # After the hook that saves: until then an iteration is not over.
    priority = 'LOWEST'

    def __init__(self, *, stall_seconds: float = 40, slow_seconds: float = 1800) -> None:
        self.stall_seconds = stall_seconds
        self.slow_seconds = slow_seconds
        self.clock = RunningClock()
        self._watch: _Watch | None = None
        self._step, self._phase, self._began = 0, 'starting', self.clock.now()
        self._durations: dict[str, deque] = defaultdict(lambda: deque(maxlen=20))

    def before_run(self, runner) -> None:
        """Start the watch, if there are several ranks."""
        self._enter('starting')
        if get_world_size() > 1:
            self._watch = _Watch(self)
            self._watch.start()
            atexit.register(self._watch.stop)  # Python must not close around a running thread

    def after_run(self, runner) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.stop()

    def _before_epoch(self, runner, mode: str = 'train') -> None:
        self._enter(f'starting a {mode} epoch')

    def _before_iter(self, runner, batch_idx: int, data_batch=None, mode: str = 'train') -> None:
        self._step += 1
        self._enter(f'{mode} step')

    def _after_iter(self, runner, batch_idx: int, data_batch=None, outputs=None,
                    mode: str = 'train') -> None:
        is_last = mode != 'train' and batch_idx + 1 >= len(getattr(runner, f'{mode}_dataloader'))
        self._enter('evaluation' if is_last else 'loading data')

    def _after_epoch(self, runner, mode: str = 'train') -> None:
        self._enter(f'the end of a {mode} epoch')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Enter the saving phase."""
        self._enter('saving a checkpoint')

    def beat(self) -> Heartbeat:
        """Publish where this rank is; called by the watch thread."""
        phase, began = self._phase, self._began
        frame = sys._current_frames()[threading.main_thread().ident]
        return Heartbeat(
            rank=get_rank(), machine=socket.gethostname(), pid=os.getpid(), step=self._step,
            phase=phase, age=self.clock.now() - began, limit=self._limit(phase),
            silence_limit=self.stall_seconds if phase in _BATCH_PHASES else self.slow_seconds,
            waiting=waits(frame), place=place_of(frame))

    def _enter(self, phase: str) -> None:
        now = self.clock.now()
        self._durations[self._phase].append(now - self._began)
        changed = (phase in _BATCH_PHASES) != (self._phase in _BATCH_PHASES)
        self._phase, self._began = phase, now
        if changed and self._watch is not None:
            self._watch.due.set()  # the others must know at once that it may take longer

    def _limit(self, phase: str) -> float:
        durations = list(self._durations[phase])
        if phase not in _BATCH_PHASES or len(durations) < _MIN_STEPS:
            return self.slow_seconds
        return max(self.stall_seconds, _MAX_FACTOR * median(durations))


class _Watch(threading.Thread):
    """Exchanges heartbeats; asks the process to stop when its launcher has died."""

    def __init__(self, hook: WatchdogHook) -> None:
        super().__init__(name='watchdog', daemon=True)
        self._hook = hook
        self._rank = get_rank()
        self._keys = [f'beat {rank}' for rank in range(get_world_size())]
        self._heard: dict[int, tuple[bytes, float]] = {}  # a rank's last heartbeat, and when
        self._ended = False
        self._parent = os.getppid()
        self.due = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._ended = True
        self.due.set()
        self.join(5)

    def run(self) -> None:
        """Exchange heartbeats until the end of the run."""
        try:
            # A connection of our own: the group's can be busy waiting.
            store = PrefixStore(f'fcos_mm watchdog {restarts_of_agent()}', connect_to_store())
            while not self._ended and not self._is_orphan():
                self.due.clear()
                self._hook.clock.tick()
                self._exchange(store)
                self.due.wait(_BEAT_SECONDS)
        except RuntimeError:
            # The store went with the process that held it; collectives fail then as well.
            self.due.wait(_BEAT_SECONDS)
        if not self._ended and self._is_orphan():
            os.kill(os.getpid(), signal.SIGTERM)  # save and end

    def _is_orphan(self) -> bool:
        return ERROR_FILE in os.environ and os.getppid() != self._parent

    def _exchange(self, store: Store) -> None:
        store.set(self._keys[self._rank], json.dumps(asdict(self._hook.beat())))
        if store.check(['verdict']):
            found = [Heartbeat(**beat) for beat in json.loads(store.get('verdict'))]
            if ERROR_FILE in os.environ:  # the launcher of each machine reports it
                record_exit(verdict(found), 1)
            self._leave(found)
        if self._rank in (0, len(self._keys) - 1) and store.check(self._keys):
            found = stalled(self._listen(store))
            if found and store.add('judges', 1) == 1:
                record_exit(verdict(found), 1)
                store.set('verdict', json.dumps([asdict(beat) for beat in found]))
                self._leave(found)

    def _listen(self, store: Store) -> list[Heartbeat]:
        """The last heartbeats of all ranks, with the time since."""
        beats, now = [], self._hook.clock.now()
        for rank, said in enumerate(store.multi_get(self._keys)):
            if rank not in self._heard or self._heard[rank][0] != said:
                self._heard[rank] = (said, now)
            beats.append(Heartbeat(**{**json.loads(said), 'silent': now - self._heard[rank][1]}))
        return beats

    def _leave(self, at_fault: list[Heartbeat]) -> None:
        """End this process, and those of this machine that cannot end themselves."""
        for beat in at_fault:
            if beat.machine == socket.gethostname() and beat.rank != self._rank and beat.hangs:
                os.kill(beat.pid, signal.SIGKILL)
        leave_at_once(1)
