"""Draw the paper's figures 3 to 8."""
from fcos_mm.analysis.figures.centerness_map import draw_centerness
from fcos_mm.analysis.figures.location_map import draw_locations
from fcos_mm.analysis.figures.picks import pick_images
from fcos_mm.analysis.figures.precision_recall import draw_precision_recall
from fcos_mm.analysis.figures.qualitative import draw_qualitative
from fcos_mm.analysis.figures.score_iou import draw_score_iou

__all__ = ['draw_centerness', 'draw_locations', 'draw_precision_recall', 'draw_qualitative',
           'draw_score_iou', 'pick_images']
