"""A center-ness network, trained alone, and detectors whose detections it ranks (Sec. 4.1.2)."""
from fcos_mm.ranking.detector import RankedDetector
from fcos_mm.ranking.metric import CenternessMetric
from fcos_mm.ranking.network import CenternessHead, CenternessNetwork

__all__ = ['CenternessHead', 'CenternessMetric', 'CenternessNetwork', 'RankedDetector']
