"""FCOS: Fully Convolutional One-Stage Object Detection, on OpenMMLab.

Importing the package imports neither torch nor OpenMMLab. It sees to it that
OpenMMLab's packages find what they lack, and load checkpoints safely, once
they are imported; mmengine imports ``fcos_mm.registry``, and with it every
component, when a config names the scope ``fcos_mm``.
"""
from fcos_mm.compat import import_hooks
from fcos_mm.lazy import lazy_exports
from fcos_mm.version import __version__  # noqa: F401

__getattr__, __all__ = lazy_exports(__name__, {
    'analysis': [], 'api': ['load'], 'compat': [], 'config': [], 'datasets': [], 'engine': [],
    'errors': [], 'evaluation': [], 'models': [], 'registry': [], 'speed': [],
    'version': ['__version__'], 'visualization': []})


def _adapt_checkpoints(checkpoint) -> None:
    from fcos_mm.checkpoints.safe_loading import secure_checkpoints
    secure_checkpoints(checkpoint)

    def load_from_pip(address, map_location):
        from fcos_mm.checkpoints.pip_weights import load_from_pip
        return load_from_pip(address, map_location)

    checkpoint.CheckpointLoader.register_scheme('pip://', load_from_pip, force=True)


import_hooks.install({'mmengine.runner.checkpoint': _adapt_checkpoints})
