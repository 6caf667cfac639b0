"""Peak memory of a call, beyond what was allocated before.

On the CPU the resident set size is misleading: the C library keeps freed memory, so a second run
seems to need none, and everything else in the process counts. Here torch's profiler records every
allocation and release of its CPU allocator, on all threads, and the highest running sum is the
peak: exact to the byte and reproducible. tracemalloc does the same for Python objects and NumPy
arrays in a second run; the two peaks are added, though they need not coincide. What libraries
allocate themselves (scratch memory of convolutions, OpenCV) is not seen. On CUDA torch counts.
"""
import contextlib
import gc
import itertools
import os
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import torch
from torch.profiler import ProfilerActivity, profile

from fcos_mm.compat.torch_profiler import allocation_changes

MEGABYTE = 2**20


def peak_extra_memory(run: Callable[[], object], device: str) -> int:
    """Run and return the peak of bytes in tensors and arrays, those of the result included.

    It runs once on CUDA and twice on the CPU. Call it before, so that caches are filled.
    """
    gc.collect()  # else older garbage may be freed meanwhile
    if torch.device(device).type == 'cuda':
        return _on_cuda(run, device)
    return _of_tensors(run) + _of_arrays(run)


def _on_cuda(run: Callable[[], object], device: str) -> int:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    result = run()  # noqa: F841  kept alive
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _of_arrays(run: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = run()  # noqa: F841  kept alive
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _of_tensors(run: Callable[[], object]) -> int:
    profiler = profile(activities=[ProfilerActivity.CPU], profile_memory=True)
    with _silence():
        profiler.start()
        try:
            result = run()  # noqa: F841  kept alive
        finally:
            profiler.stop()
    return highest_sum(allocation_changes(profiler))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Redirect file descriptor 2: the profiler's C++ library writes to it, even during the run."""
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def highest_sum(changes: Iterable[int]) -> int:
    """The highest running sum, at least 0.

    >>> highest_sum([5, 3, -5, 1, -4])
    8
    """
    return max(itertools.accumulate(changes, initial=0))
