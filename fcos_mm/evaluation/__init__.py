"""Metrics, and the numbers of the paper's tables from files."""
from fcos_mm.evaluation.ambiguous_metric import AmbiguousDetectionMetric
from fcos_mm.evaluation.class_agnostic_metric import ClassAgnosticCocoMetric
from fcos_mm.evaluation.coco_metric import CocoMetric
from fcos_mm.evaluation.coco_numbers import (
    ClassAgnostic,
    class_agnostic_numbers,
    coco_numbers,
    proposal_recall,
)

__all__ = [
    'AmbiguousDetectionMetric', 'ClassAgnostic', 'ClassAgnosticCocoMetric', 'CocoMetric',
    'class_agnostic_numbers', 'coco_numbers', 'proposal_recall'
]
