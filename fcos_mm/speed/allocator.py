"""Make glibc reuse freed memory."""
import ctypes
import sys

# Names and numbers of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory instead of giving it back to the system.

    On the CPU every feature map is a new allocation. The system maps a large one and clears it
    page by page while it is first written. From now on the whole process keeps its peak memory.

    Returns:
        False where the C library is not glibc; nothing is changed then.
    """
    if not sys.platform.startswith('linux'):
        return False
    try:
        mallopt = ctypes.CDLL('libc.so.6').mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
