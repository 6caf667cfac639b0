"""How the training went: losses, learning rate, AP."""
import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs

_MOST = 300  # points of a line
_AP = re.compile(r'(?:.*/)?bbox_mAP(_50|_75)?')
_AP_NAMES = {None: 'AP', '_50': 'AP50', '_75': 'AP75'}


def curves(inputs: ReportInputs) -> Chapter | None:
    """The learning curves; None without logs of a training."""
    steps = [row for row in inputs.logs if 'iter' in row]
    validations = [row for row in inputs.logs if 'iter' not in row]
    names = dict.fromkeys(name for row in steps for name in row)
    logged = dict.fromkeys(name for row in validations for name in row)
    precisions = {name: _AP_NAMES[found[1]] for name in logged if (found := _AP.fullmatch(name))}
    numbers = dict(
        losses=lines(steps, {name: name for name in names if name.startswith('loss')}),
        centerness=lines(steps, {'loss_centerness': 'loss', 'centerness_above_floor':
                                 'loss above its floor'}),
        learning_rate=lines(steps, {'lr': 'learning rate'}),
        gradient_norm=lines(steps, {'grad_norm': 'gradient norm'}),
        precision=lines(validations, precisions, most=len(validations)),
        unit='epoch' if any('epoch' in row for row in steps) else 'iteration')
    numbers['best'] = best_point(numbers['precision'])
    if not (numbers['losses'] or numbers['precision']):
        return None
    return Chapter('curves', 'Learning curves', numbers, 'report/curves.html')


def lines(rows: Sequence[Mapping[str, float]], names: Mapping[str, str],
          most: int = _MOST) -> list[dict]:
    """The lines of a chart, over the steps: ``name``, ``x`` and ``y`` of each.

    Args:
        rows: What was logged.
        names: What is logged, and what it is called in the chart.
        most: The number of points from which on neighbours are averaged.
    """
    found = []
    for key, name in names.items():
        points = [(row['step'], row[key]) for row in rows if key in row]
        if points:
            x, y = (thinned(values, most) for values in zip(*points))
            found.append(dict(name=name, x=x, y=y))
    return found


def thinned(values: Sequence[float], most: int) -> list[float | None]:
    """The means of at most ``most`` runs of neighbours; None where one is not finite."""
    parts = np.array_split(np.asarray(values, dtype=np.float64), min(len(values), most))
    means = [float(part.mean()) for part in parts]
    return [mean if math.isfinite(mean) else None for mean in means]


def best_point(precision: Sequence[Mapping]) -> dict | None:
    """Where AP is highest, ``x`` and ``y``; the first of several."""
    points = [(y, -x) for line in precision if line['name'] == 'AP'
              for x, y in zip(line['x'], line['y']) if y is not None]
    return dict(x=-max(points)[1], y=max(points)[0]) if points else None
