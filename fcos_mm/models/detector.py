"""The detector (paper, Fig. 2): backbone, feature pyramid, FCOS head."""
from mmdet.models.detectors import SingleStageDetector
from mmdet.utils import ConfigType, OptMultiConfig

from fcos_mm.registry import MODELS


@MODELS.register_module()
class FCOS(SingleStageDetector):
    """FCOS as a single-stage detector: backbone -> neck -> ``bbox_head``.

    The class gives mmdet's single-stage detector the paper's name; the method
    itself lives in :class:`fcos_mm.models.FCOSHead`. Arguments are those of
    mmdet's ``SingleStageDetector``.

    If the backbone has ``made_channels`` (``DLA``, ``EfficientNetLite``, ``TimmBackbone``), it
    sets the ``in_channels`` of the neck. This happens here, so it works in every tool that builds
    the detector, including mmdet's.
    """

    def __init__(self, *, backbone: ConfigType, neck: OptMultiConfig = None, **kwargs) -> None:
        super().__init__(backbone=backbone, neck=self.complete_neck(backbone, neck), **kwargs)

    @staticmethod
    def complete_neck(backbone: ConfigType, neck: OptMultiConfig) -> OptMultiConfig:
        """Set ``in_channels`` of the neck (the first of several) if the backbone provides them."""
        settings = dict(backbone)
        kind = settings.pop('type')
        kind = MODELS.get(kind) if isinstance(kind, str) else kind
        if not neck or not hasattr(kind, 'made_channels'):
            return neck
        first, *others = neck if isinstance(neck, (list, tuple)) else [neck]
        first = {**first, 'in_channels': kind.made_channels(**settings)}
        return [first, *others] if others else first
