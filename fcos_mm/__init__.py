"""FCOS: Fully Convolutional One-Stage Object Detection, on OpenMMLab.

Importing the package supplies what the installed libraries lack (see
``fcos_mm.compat``) and registers every component under the scope ``fcos_mm``.
"""
# The order matters: mmdet's models cannot be imported before the operators
# are in place, and engine imports mmdet without its remarks.
from fcos_mm import compat  # isort: skip
from fcos_mm import engine  # isort: skip
from fcos_mm import datasets, evaluation, models  # isort: skip
from fcos_mm.version import __version__

__all__ = ['__version__', 'compat', 'datasets', 'engine', 'evaluation', 'models']
