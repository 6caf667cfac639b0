"""Tables 1 and 2: what annotations alone tell of the assignment of the paper's configs.

At full scale boxes are counted as the codes behind the paper's figures do it; at the
others as the detectors of that scale are trained.
"""
from typing import Dict, List

from mmengine.config import Config

from fcos_mm.analysis.anchor_recall import anchor_recall
from fcos_mm.analysis.assignment_stats import assignment_statistics
from fcos_mm.analysis.paper.report import Measured
from fcos_mm.analysis.paper.runs import Settings, Training
from fcos_mm.analysis.paper.tables import Table

Figures = Dict[str, float]


def measure_annotations(table: Table, settings: Settings) -> Measured:
    """Measure the rows of a table that need no trained model.

    Args:
        table: Table 1 or 2.
        settings: Of the command.

    Raises:
        UserError: If the annotations cannot be used.
    """
    if table.measure == 'recall':
        return _recall(table, settings)
    rows = [row for row in table.rows if not row.measured.startswith('detections:')]
    return {row.label: [_ambiguity(row.measured, settings)] for row in rows}


def _recall(table: Table, settings: Settings) -> Measured:
    cfg = _config('retinanet', settings)
    by_rule = anchor_recall(
        cfg, _annotations(cfg, settings), as_published=settings.scale == 'full')
    measured: Dict[str, List[Figures]] = {}
    for row in table.rows:
        name, _, rule = row.measured.partition(':')
        recall = by_rule[rule] if rule else _statistics(name, settings)['bpr']
        measured[row.label] = [{'BPR': recall}]
    return measured


def _ambiguity(experiment: str, settings: Settings) -> Figures:
    found = _statistics(experiment, settings)
    return {'ambiguous': found['ambiguous'],
            'ambiguous, other class': found['ambiguous_other_class']}


def _statistics(experiment: str, settings: Settings) -> dict:
    cfg = _config(experiment, settings)
    return assignment_statistics(
        cfg, _annotations(cfg, settings), as_published=settings.scale == 'full')


def _config(experiment: str, settings: Settings) -> Config:
    return Training(settings, experiment, 0).config()


def _annotations(cfg: Config, settings: Settings) -> str:
    return settings.ann_file or cfg.test_evaluator.ann_file
