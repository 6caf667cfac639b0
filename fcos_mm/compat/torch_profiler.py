"""Allocations that torch's profiler recorded, to which it has no public access."""
from torch.profiler import profile


def allocation_changes(profiler: profile) -> list[int]:
    """Bytes allocated (positive) and freed (negative) in order, with ``profile_memory=True``."""
    events = [event for event in profiler.profiler.kineto_results.events()
              if event.name() == '[memory]']
    return [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
