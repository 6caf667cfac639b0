"""Feature pyramids that mmdet does not have."""
from fcos_mm.models.necks.bifpn import BiFPN

__all__ = ['BiFPN']
