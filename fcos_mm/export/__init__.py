"""A detector as a function of tensors, and the writers of the formats that other programs run."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'formats': ['FORMATS', 'Format'],
    'info': ['model_info'],
    'network': ['ExportNetwork'],
})
