"""Metrics."""
from fcos_mm.evaluation.coco_metric import CocoMetric

__all__ = ['CocoMetric']
