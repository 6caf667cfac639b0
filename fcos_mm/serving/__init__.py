"""An HTTP server for exported detectors."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'app': ['create_app'],
    'settings': ['Settings'],
})
