"""The most memory that one run takes beyond what was there before.

On the CPU the resident size of the process would be the obvious thing to read
and the wrong one: the C library keeps what tensors gave back, so a second run
seems to need nothing, and whatever else the process does is counted. Here
torch's profiler reports every allocation and every release of its CPU
allocator, on all threads, and the highest sum is taken: exact to the byte and the
same in every run. Python's tracemalloc does the same for Python's objects and
NumPy's arrays in a second run; the two peaks are added, though they need not come
at once. What libraries take on their own (scratch memory of the convolutions,
OpenCV) is not seen. On CUDA torch counts by itself.
"""
import contextlib
import gc
import os
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import torch
from torch.profiler import ProfilerActivity, profile

MEGABYTE = 2**20


def peak_extra_memory(run: Callable[[], object], device: str) -> int:
    """Run and find how many bytes of tensors and arrays existed at most.

    What the run returns is alive at its end and counts; what was allocated
    before does not.

    Args:
        run: What is measured; called once on CUDA and twice on the CPU. Call it
            before, so that caches are filled.
        device: ``'cpu'`` or ``'cuda'``.
    """
    gc.collect()  # else what ran before may be freed meanwhile
    if torch.device(device).type == 'cuda':
        return _on_cuda(run, device)
    return _of_tensors(run) + _of_arrays(run)


def _on_cuda(run: Callable[[], object], device: str) -> int:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    answer = run()
    torch.cuda.synchronize(device)
    peak = torch.cuda.max_memory_allocated(device) - before
    del answer
    return peak


def _of_arrays(run: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        answer = run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del answer
    return peak - before


def _of_tensors(run: Callable[[], object]) -> int:
    profiler = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with _silence():
        profiler.start()
        try:
            answer = run()
        finally:
            profiler.stop()
    del answer
    events = [event for event in profiler.profiler.kineto_results.events()
              if event.name() == '[memory]']
    return highest_sum(event.nbytes() for event in sorted(events, key=lambda e: e.start_ns()))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what the profiler's library writes off the screen.

    It also writes while the run is under way, when memory from before is freed.
    What the run itself writes was seen when it was called before.
    """
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def highest_sum(changes: Iterable[int]) -> int:
    """The highest running sum, 0 at least.

    Args:
        changes: What is added, one after the other.

    >>> highest_sum([5, 3, -5, 1, -4])
    8
    """
    total = highest = 0
    for change in changes:
        total += change
        highest = max(highest, total)
    return highest
