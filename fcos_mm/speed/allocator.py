"""Make glibc reuse freed memory."""
import ctypes
import sys

# Names and numbers of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory from now on: the process keeps its peak memory.

    On the CPU every feature map is a new allocation, which the system otherwise maps and clears
    page by page. Returns False, and changes nothing, where the C library is not glibc.
    """
    if not sys.platform.startswith('linux'):
        return False
    try:
        mallopt = ctypes.CDLL('libc.so.6').mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
