"""Backbones that mmdet does not have."""
from fcos_mm.models.backbones.dla import DLA
from fcos_mm.models.backbones.efficientnet_lite import EfficientNetLite
from fcos_mm.models.backbones.mobilenet_v2 import MobileNetV2Body
from fcos_mm.models.backbones.timm_backbone import TimmBackbone

__all__ = ['DLA', 'EfficientNetLite', 'MobileNetV2Body', 'TimmBackbone']
