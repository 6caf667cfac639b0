"""Tables 1 and 2: what annotations alone tell of the assignment of the paper's configs.

At full scale boxes are counted as the codes behind the paper's figures do it; at the
others as the detectors of that scale are trained.
"""

from mmengine.config import Config

from fcos_mm.analysis.anchor_recall import anchor_recall
from fcos_mm.analysis.assignment_report import data_line
from fcos_mm.analysis.assignment_stats import assignment_statistics
from fcos_mm.paper.report import Measured
from fcos_mm.paper.runs import Settings, Training
from fcos_mm.paper.tables import Table

Figures = dict[str, float]


def measure_annotations(table: Table, settings: Settings) -> tuple[Measured, list[str]]:
    """Measure the rows of a table that need no trained model.

    Args:
        table: Table 1 or 2.
        settings: Of the command.

    Returns:
        The figures, and which boxes they are about, with what is wrong with others.

    Raises:
        UserError: If the annotations cannot be used.
    """
    rows = [row for row in table.rows if not row.measured.startswith('detections:')]
    statistics = {row.measured: _statistics(row.measured, settings)
                  for row in rows if ':' not in row.measured}
    by_rule = _recall_by_rule(settings) if table.measure == 'recall' else {}
    measured: Measured = {}
    for row in rows:
        name, _, rule = row.measured.partition(':')
        found = {'bpr': by_rule[rule]} if rule else statistics[name]
        measured[row.label] = [_figures(table, found)]
    about = statistics['fcos']
    return measured, [data_line(about), *(f'warning: {text}' for text in about['warnings'])]


def _figures(table: Table, found: dict) -> Figures:
    """The columns of a row."""
    if table.measure == 'recall':
        return {'BPR': found['bpr']}
    return {'ambiguous': found['ambiguous'],
            'ambiguous, other class': found['ambiguous_other_class']}


def _recall_by_rule(settings: Settings) -> dict[str, float]:
    cfg = _config('retinanet', settings)
    return anchor_recall(cfg, _annotations(cfg, settings), as_published=settings.scale == 'full')


def _statistics(experiment: str, settings: Settings) -> dict:
    cfg = _config(experiment, settings)
    return assignment_statistics(
        cfg, _annotations(cfg, settings), as_published=settings.scale == 'full')


def _config(experiment: str, settings: Settings) -> Config:
    return Training(settings, experiment, 0).config()


def _annotations(cfg: Config, settings: Settings) -> str:
    return settings.ann_file or cfg.test_evaluator.ann_file
