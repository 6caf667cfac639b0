"""Metrics, and the metrics of the paper's tables computed from files."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'ambiguous_metric': ['AmbiguousDetectionMetric'],
    'class_agnostic_metric': ['ClassAgnosticCocoMetric'],
    'coco_metric': ['CocoMetric'],
    'score_threshold': ['ScoreThresholds'],
    'table_metrics': ['ClassAgnostic', 'class_agnostic_numbers', 'coco_numbers',
                     'proposal_recall'],
}, first='fcos_mm.registry')
