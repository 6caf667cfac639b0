"""Measured rows as a text table and as JSON."""
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

HEADER = ('what', 'case', 'peer', 'ours ms', 'peer ms', 'ratio', 'quartiles', 'of bests', 'ours MB',
          'peer MB', 'rounds')
#: Left-aligned ones are words; the others are numbers.
WORDS = 3


def table(rows: Sequence[dict]) -> str:
    """Lay out rows of :func:`harness.measure.measure` in columns."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADER))]
    lines = []
    for line in cells:
        padded = (cell.ljust(width) if column < WORDS else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths, strict=True)))
        lines.append('  '.join(padded).rstrip())
    return '\n'.join(lines)


def _cells(row: dict) -> tuple[str, ...]:
    quartiles = bests = '-'
    if row['ratio'] is not None:
        bests = number(row['peer_best_ms'] / row['ours_best_ms'])
        quartiles = f'{number(row["ratio_low"])}..{number(row["ratio_high"])}'
    return (row['what'], row['case'], row['peer'] or '-', number(row['ours_ms']),
            number(row['peer_ms']), number(row['ratio']), quartiles, bests,
            number(row['ours_mem_mb']), number(row['peer_mem_mb']), str(row['rounds']))


def sentence(row: dict) -> str:
    """One row as a line of progress."""
    peer = f', {row["peer"]} {number(row["peer_ms"])} ms, ratio {number(row["ratio"])}'
    ours = f'{row["what"]}: {row["case"]}: ours {number(row["ours_ms"])} ms'
    return ours + (peer if row['peer'] else '')


def number(value: float | None) -> str:
    """Three significant digits, all digits before the point.

    >>> number(0.01234), number(7.0), number(1234.5), number(None)
    ('0.0123', '7.00', '1,234', '-')
    """
    if value is None:
        return '-'
    decimals = next((d for limit, d in ((100, 0), (10, 1), (1, 2), (0.1, 3)) if value >= limit), 4)
    return f'{value:,.{decimals}f}'


def write_json(path: Path, rows: Iterable[dict], facts: dict) -> None:
    """Write the rows, each with its ``environment``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dict(row, environment=facts) for row in rows], indent=1) + '\n')


def read_json(paths: Iterable[Path]) -> list[dict]:
    """The rows of several files."""
    return [row for path in paths for row in json.loads(Path(path).read_text())]
