"""The detector (paper, Fig. 2): backbone, feature pyramid, FCOS head."""
from mmdet.models.detectors import SingleStageDetector

from fcos_mm.registry import MODELS


@MODELS.register_module()
class FCOS(SingleStageDetector):
    """FCOS as a single-stage detector: backbone -> neck -> ``bbox_head``.

    The class gives mmdet's single-stage detector the paper's name; the method
    itself lives in :class:`fcos_mm.models.FCOSHead`. Arguments are those of
    mmdet's ``SingleStageDetector``.
    """
