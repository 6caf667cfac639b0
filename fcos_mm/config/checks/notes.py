"""Warnings about a config that works, but perhaps not as it was meant."""
import logging

from mmengine.dist import is_main_process
from mmengine.logging import print_log


def warn(message: str) -> None:
    """Log a warning, once where several processes run.

    Args:
        message: What is odd, where, and what to do.
    """
    if is_main_process():
        print_log(message, logger='current', level=logging.WARNING)
