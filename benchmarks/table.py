"""Print rows of ``bench.py --out F.json`` as tables for ``docs/benchmarks.md``."""
import argparse
import sys
from itertools import groupby
from pathlib import Path

from harness.environment import describe
from harness.report import number, read_json

HEADER = ('case', 'peer', 'ours, ms', 'peer, ms', 'peer / ours', 'quartiles', 'ours, MB',
          'peer, MB')


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('files', nargs='+', type=Path, metavar='F.json')
    args = parser.parse_args(arguments)
    for what, rows in groupby(read_json(args.files), key=lambda row: row['what']):
        print('\n'.join(markdown(what, list(rows))))
    return 0


def markdown(what: str, rows: list[dict]) -> list[str]:
    """The lines of one table, with what it was measured with above it."""
    lines = [f'## {what}', '', describe(rows[0]['environment']), '', line(HEADER),
             line(['---'] * len(HEADER))]
    return [*lines, *(line(cells(row)) for row in rows), '']


def cells(row: dict) -> list[str]:
    """One row's cells, in the order of HEADER."""
    quartiles = '-'
    if row['ratio'] is not None:
        quartiles = f'{number(row["ratio_low"])} to {number(row["ratio_high"])}'
    return [row['case'], row['peer'] or '-', number(row['ours_ms']), number(row['peer_ms']),
            number(row['ratio']), quartiles, number(row['ours_mem_mb']),
            number(row['peer_mem_mb'])]


def line(texts) -> str:
    """One line of a Markdown table."""
    return f'| {" | ".join(texts)} |'


if __name__ == '__main__':
    sys.exit(main())
