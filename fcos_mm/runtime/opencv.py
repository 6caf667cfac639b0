"""OpenCV, where it is installed; Pillow does its work elsewhere."""
import functools
from types import ModuleType


@functools.cache
def opencv() -> ModuleType | None:
    """The module cv2, or None where it is missing or cannot be imported."""
    try:
        import cv2
    except (ImportError, OSError):
        return None
    return cv2
