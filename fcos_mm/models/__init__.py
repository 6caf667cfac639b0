"""What runs on tensors: the detector, its head and the head's parts."""
from fcos_mm.models.assigner import FCOSAssigner, Targets
from fcos_mm.models.centerness import Centerness, centerness_target
from fcos_mm.models.data_preprocessor import DetDataPreprocessor
from fcos_mm.models.detector import FCOS
from fcos_mm.models.focal_loss import SigmoidFocalLoss
from fcos_mm.models.ground_truth import GroundTruth, pad_ground_truth
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.iou_loss import LTRBIoULoss
from fcos_mm.models.locations import LocationGenerator, Locations
from fcos_mm.models.losses import FCOSLoss
from fcos_mm.models.postprocess import FCOSPostProcessor
from fcos_mm.models.predictions import Predictions, flatten_levels
from fcos_mm.models.rpn_head import NormedRPNHead

__all__ = [
    'Centerness', 'DetDataPreprocessor', 'FCOS', 'FCOSAssigner', 'FCOSHead',
    'FCOSLoss', 'FCOSPostProcessor', 'GroundTruth', 'LTRBIoULoss', 'LocationGenerator',
    'Locations', 'NormedRPNHead', 'Predictions', 'SigmoidFocalLoss', 'Targets',
    'centerness_target', 'flatten_levels', 'pad_ground_truth'
]
