"""Memory that was freed stays with the process, so that nobody clears it again."""
import ctypes
import sys

# Names and numbers of mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let glibc keep freed memory instead of giving it back to the system.

    On the CPU every feature map is a new allocation. Large ones are mapped by
    the system, which clears them page by page while they are written for the
    first time. This holds for the whole process from now on; it will keep what
    it needed at its peak.

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
