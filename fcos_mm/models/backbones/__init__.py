"""Backbones that mmdet does not have."""
from fcos_mm.models.backbones.efficientnet_lite import EfficientNetLite

__all__ = ['EfficientNetLite']
