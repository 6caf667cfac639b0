"""A job ends when one of its ranks stalls, and says which."""
import atexit
import json
import os
import signal
import socket
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import asdict
from statistics import median

from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from torch.distributed import PrefixStore, Store, TCPStore

from fcos_mm.engine.distributed.heartbeat import Beat, place_of, stalled, verdict, waits
from fcos_mm.engine.distributed.rank_end import ATTEMPT, FOLDER, leave_at_once, note_end
from fcos_mm.engine.distributed.running_clock import RunningClock
from fcos_mm.registry import HOOKS

BEAT_SECONDS = 1.0
SILENCE_SECONDS = 5.0
STATUS = 1

_STEPS_TO_KNOW = 3  # before them it is not known how long a step takes
_STEPS_KEPT = 20
_TIMES_LONGER = 10  # so much longer than usual a step may take
_JOIN_SECONDS = 5
_VERDICT = 'verdict'


@HOOKS.register_module()
class WatchdogHook(Hook):
    """Ends the job when a rank stalls, on all ranks, and names it.

    Each rank tells the others every second where it is, through the store in
    which they met. The first and the last rank look whether one is overdue.
    A batch, or loading it, may take ``stall_seconds``, or ten times the usual
    (median) where that is more; the first ones, and all that is not a batch,
    such as evaluation or saving, may take ``slow_seconds``. While a whole job
    is suspended, no time counts. Nothing happens in a single process.

    Args:
        stall_seconds: See above.
        slow_seconds: See above.
    """

    # After the hook that saves: until then an iteration is not over.
    priority = 'LOWEST'

    def __init__(self, *, stall_seconds: float = 40, slow_seconds: float = 1800) -> None:
        self.stall_seconds = stall_seconds
        self.slow_seconds = slow_seconds
        self._watch: Watch | None = None
        self._clock = RunningClock(longest_gap=SILENCE_SECONDS)
        self._step = 0
        self._phase, self._began = '', 0.0
        self._durations: dict[str, deque] = defaultdict(lambda: deque(maxlen=_STEPS_KEPT))

    def before_run(self, runner) -> None:
        """Start the watch.

        Args:
            runner (Runner): Not used.
        """
        self._enter('starting')
        if get_world_size() > 1:
            self._watch = Watch(self.beat, self._clock)
            self._watch.start()

    def after_run(self, runner) -> None:
        """End the watch.

        Args:
            runner (Runner): Not used.
        """
        if self._watch is not None:
            self._watch.stop()

    def before_train_epoch(self, runner) -> None:
        """A loader starts.

        Args:
            runner (Runner): Not used.
        """
        self._enter('starting an epoch')

    def _before_iter(self, runner, batch_idx: int, data_batch=None, mode: str = 'train') -> None:
        """A batch is there."""
        self._step += 1
        self._enter(f'{mode} step')

    def _after_iter(self, runner, batch_idx: int, data_batch=None, outputs=None,
                    mode: str = 'train') -> None:
        """A batch is done; after the last one comes the end of the epoch."""
        is_last = mode != 'train' and batch_idx + 1 >= len(getattr(runner, f'{mode}_dataloader'))
        self._enter('evaluation' if is_last else 'loading data')

    def after_train_epoch(self, runner) -> None:
        """What comes then is no batch.

        Args:
            runner (Runner): Not used.
        """
        self._enter('the end of an epoch')

    def before_val(self, runner) -> None:
        """A loader starts.

        Args:
            runner (Runner): Not used.
        """
        self._enter('starting validation')

    def after_val(self, runner) -> None:
        """Training goes on.

        Args:
            runner (Runner): Not used.
        """
        self._enter('the end of validation')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Saving takes its time.

        Args:
            runner (Runner): Not used.
            checkpoint: Not used.
        """
        self._enter('saving a checkpoint')

    def beat(self) -> Beat:
        """Say where this rank is. Called by the watch, in its thread."""
        phase, began = self._phase, self._began
        frame = sys._current_frames()[threading.main_thread().ident]
        return Beat(
            rank=get_rank(), machine=socket.gethostname(), pid=os.getpid(), step=self._step,
            phase=phase, age=self._clock.now() - began, limit=self._limit(phase),
            silence_limit=self.stall_seconds if _is_batch(phase) else self.slow_seconds,
            waiting=waits(frame), place=place_of(frame))

    def _enter(self, phase: str) -> None:
        now = self._clock.now()
        self._durations[self._phase].append(now - self._began)
        is_news = _is_batch(phase) != _is_batch(self._phase)
        self._phase, self._began = phase, now
        if is_news and self._watch is not None:
            self._watch.hurry()

    def _limit(self, phase: str) -> float:
        if not _is_batch(phase):
            return self.slow_seconds
        durations = list(self._durations[phase])
        if len(durations) < _STEPS_TO_KNOW:
            return self.slow_seconds
        return max(self.stall_seconds, _TIMES_LONGER * median(durations))


def _is_batch(phase: str) -> bool:
    """Whether it is about one batch, and so short."""
    return phase.endswith('step') or phase == 'loading data'


class Watch:
    """Exchanges beats with the other ranks, in a thread.

    Asks this process to stop where nobody waits for it any more.

    Args:
        beat: Says where this rank is.
        clock: Gets a tick with every beat.
    """

    def __init__(self, beat: Callable[[], Beat], clock: RunningClock) -> None:
        self._beat, self._clock = beat, clock
        self._rank, self._ranks = get_rank(), get_world_size()
        self._judges = self._rank in (0, self._ranks - 1)
        self._heard: dict[int, tuple[bytes, float]] = {}  # last words of a rank, and when
        self._ended = False
        self._parent = os.getppid()
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name='watchdog', daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        atexit.register(self.stop)  # Python must not close around a running thread

    def stop(self) -> None:
        """End."""
        self._ended = True
        self._due.set()
        self._thread.join(_JOIN_SECONDS)

    def hurry(self) -> None:
        """Tell the others now."""
        self._due.set()

    def _run(self) -> None:
        try:
            store = _connect()
            while not self._ended and not self._is_orphan():
                self._due.clear()
                self._clock.tick()
                self._exchange(store)
                self._due.wait(BEAT_SECONDS)
        except RuntimeError:
            # The store went with the process that held it; collectives fail then as well.
            self._due.wait(BEAT_SECONDS)
        if not self._ended and self._is_orphan():
            os.kill(os.getpid(), signal.SIGTERM)  # save and end

    def _is_orphan(self) -> bool:
        """Whether the launcher that started this process has died."""
        return FOLDER in os.environ and os.getppid() != self._parent

    def _exchange(self, store: Store) -> None:
        store.set(f'beat {self._rank}', json.dumps(asdict(self._beat())))
        if store.check([_VERDICT]):
            found = json.loads(store.get(_VERDICT))
            if FOLDER in os.environ:  # the launcher of each machine tells it
                note_end(STATUS, 'stall', found['text'])
            self._leave(found['at_fault'])
        elif self._judges and store.check([f'beat {rank}' for rank in range(self._ranks)]):
            at_fault = stalled(self._listen(store), SILENCE_SECONDS)
            if at_fault and store.add('judges', 1) == 1:
                self._condemn(store, at_fault)

    def _condemn(self, store: Store, at_fault: list[Beat]) -> None:
        """Tell the user, then the other ranks, and end."""
        text = verdict(at_fault, SILENCE_SECONDS)
        note_end(STATUS, 'stall', text)
        beats = [asdict(beat) for beat in at_fault]
        store.set(_VERDICT, json.dumps(dict(text=text, at_fault=beats)))
        self._leave(beats)

    def _listen(self, store: Store) -> list[Beat]:
        """The beats of all ranks, with how long each is silent."""
        beats, now = [], self._clock.now()
        words = store.multi_get([f'beat {rank}' for rank in range(self._ranks)])
        for rank, said in enumerate(words):
            if rank not in self._heard or self._heard[rank][0] != said:
                self._heard[rank] = (said, now)
            beats.append(Beat(**{**json.loads(said), 'silent': now - self._heard[rank][1]}))
        return beats

    def _leave(self, at_fault: list[dict]) -> None:
        """End this process, and those of this machine that cannot end themselves."""
        for beat in at_fault:
            if (beat['machine'] == socket.gethostname() and beat['rank'] != self._rank
                    and beat['silent'] > SILENCE_SECONDS):
                os.kill(beat['pid'], signal.SIGKILL)
        leave_at_once(STATUS)


def _connect() -> Store:
    """A connection of our own to the store; the group's can be busy waiting."""
    store = TCPStore(os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']), is_master=False,
                     wait_for_workers=False)
    return PrefixStore(f"fcos_mm watchdog {os.environ.get(ATTEMPT, 0)}", store)
