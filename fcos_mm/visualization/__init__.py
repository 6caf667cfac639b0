"""Draw on images: colors and names of classes, and paths of drawings."""
from fcos_mm.visualization.labels import drawable, font_families
from fcos_mm.visualization.palette import complete_palette
from fcos_mm.visualization.visualizer import DetLocalVisualizer, drawing_path, ours

__all__ = ['DetLocalVisualizer', 'complete_palette', 'drawable', 'drawing_path', 'font_families',
           'ours']
