"""The detector, its head and the parts of the head."""
from fcos_mm.models.assigner import FCOSAssigner, pad_ground_truth
from fcos_mm.models.backbones import DLA, EfficientNetLite, MobileNetV2Body, TimmBackbone
from fcos_mm.models.branches import Centerness, IoUQuality
from fcos_mm.models.branches.centerness import centerness_target
from fcos_mm.models.data_preprocessor import DetDataPreprocessor
from fcos_mm.models.detector import FCOS
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.locations import LocationGenerator, Locations, flatten_levels
from fcos_mm.models.losses import FCOSLoss, LTRBIoULoss, SigmoidFocalLoss
from fcos_mm.models.necks import BiFPN
from fcos_mm.models.postprocess import FCOSPostProcessor, decode
from fcos_mm.models.rpn_head import NormedRPNHead
from fcos_mm.models.structures import GroundTruth, Predictions, Targets

__all__ = [
    'BiFPN', 'Centerness', 'DLA', 'DetDataPreprocessor', 'EfficientNetLite', 'FCOS',
    'FCOSAssigner', 'FCOSHead', 'FCOSLoss', 'FCOSPostProcessor', 'GroundTruth', 'IoUQuality',
    'LTRBIoULoss', 'LocationGenerator', 'Locations', 'MobileNetV2Body', 'NormedRPNHead',
    'Predictions', 'SigmoidFocalLoss', 'Targets', 'TimmBackbone', 'centerness_target', 'decode',
    'flatten_levels', 'pad_ground_truth'
]
