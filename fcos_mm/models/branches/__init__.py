"""Quality branches, see ``QualityBranch`` in ``structures.py``; one file each."""
from fcos_mm.models.branches.centerness import Centerness
from fcos_mm.models.branches.iou_quality import IoUQuality

__all__ = ['Centerness', 'IoUQuality']
