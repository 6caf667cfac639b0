"""Draw on images: colors and names of classes, and paths of drawings."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'labels': ['drawable', 'font_families'],
    'palette': ['complete_palette'],
    'visualizer': ['DetLocalVisualizer', 'ours'],
})
