"""Where the time of one run goes: torch's profiler by operator."""
from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

ROWS = 25


def top_operators(run: Callable[[], object]) -> str:
    """Two tables of the operators of a run that take most time: by name, and by shapes too.

    Backward operators are those whose names end with ``backward``; reorders of memory are
    ``copy_`` and ``to``.
    """
    run()
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        run()
    return '\n'.join(
        profiler.key_averages(group_by_input_shape=shapes).table(
            sort_by='self_cpu_time_total', row_limit=ROWS, max_name_column_width=40,
            max_shapes_column_width=80) for shapes in (False, True))
