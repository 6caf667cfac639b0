"""FCOS: Fully Convolutional One-Stage Object Detection, on OpenMMLab.

Importing the package imports neither torch nor OpenMMLab. It sees to it that
OpenMMLab's packages find what they lack once they are imported (see
``fcos_mm.compat.import_hooks``); mmengine imports ``fcos_mm.registry``, and with
it every component, when a config names the scope ``fcos_mm``.
"""
from fcos_mm.compat import import_hooks
from fcos_mm.lazy import lazy_exports
from fcos_mm.version import __version__  # noqa: F401

import_hooks.install()

__getattr__, __all__ = lazy_exports(__name__, {
    'compat': [], 'datasets': [], 'engine': [], 'evaluation': [], 'models': [],
    'version': ['__version__']})
