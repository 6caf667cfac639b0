"""Whether matplotlib shapes text itself: joins Arabic letters and orders right-to-left runs."""
import matplotlib

#: Since 3.11 matplotlib lays text out with libraqm.
SHAPES_TEXT = tuple(map(int, matplotlib.__version__.split('.')[:2])) >= (3, 11)
