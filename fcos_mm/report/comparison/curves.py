"""The curves of two runs in the same charts."""
from collections.abc import Iterable, Mapping, Sequence

from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.comparison.side import Side


def curves(a: Side, b: Side) -> Chapter:
    """Precision against recall, F1 against the threshold, AP and loss over the training."""
    sides = (a, b)
    training = [(side.letter, side.numbers.get('curves')) for side in sides]
    units = {numbers['unit'] for _, numbers in training if numbers}
    return Chapter('curves', 'Curves', {
        'precision_recall': [
            _line(side.letter, curve['recall'], curve['precision']) for side in sides
            for curve in side.numbers['thresholds']['curves'] if curve['name'] == 'all'],
        'f1': [_line(side.letter, *([row[key] for row in side.numbers['thresholds']['scores']]
                                    for key in ('threshold', 'f1'))) for side in sides],
        'best': [{'x': best, 'label': side.letter} for side in sides
                 if (best := side.numbers['thresholds']['best']) is not None],
        'ap': _logged(training, 'precision', 'AP') if len(units) == 1 else [],
        'loss': _logged(training, 'losses', 'loss'),
        'unit': units.pop() if len(units) == 1 else None}, 'report/compare_curves.html')


def _logged(training: Iterable[tuple[str, Mapping | None]], chart: str, name: str) -> list[dict]:
    """A line of a chart of the learning curves, of each run that has it."""
    return [_line(letter, line['x'], line['y']) for letter, numbers in training if numbers
            for line in numbers[chart] if line['name'] == name]


def _line(letter: str, x: Sequence[float], y: Sequence[float | None]) -> dict:
    return {'name': letter, 'x': x, 'y': y}
