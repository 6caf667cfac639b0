#!/usr/bin/env python3
"""Bad input by the thousand: annotations, images, boxes, checkpoints, predictions, options.

Every case must be refused with a message that names the file or option, or be read as an
obvious other way reads it; never a traceback, a hang or code of the file that
runs. The first case that breaks this is made as small as it gets and shown,
and the exit status is 1.
"""
import argparse
import faulthandler
import importlib
import logging
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

import fcos_mm  # noqa: F401  before mmdet

KINDS = ('annotations', 'images', 'boxes', 'checkpoints', 'predictions', 'results', 'converters',
         'models', 'drawings', 'names', 'options', 'configs')
EXAMPLES = '''examples:
  python tests/stress/fuzz.py --cases 1000
  python tests/stress/fuzz.py --cases 20000 --kinds checkpoints --seed 3
'''


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cases', type=int, default=1000, help='of each kind (default: 1000)')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=KINDS, metavar='KIND',
                        help=f'some of {", ".join(KINDS)}; all if absent')
    parser.add_argument('--seed', type=int, default=0, help='of the cases (default: 0)')
    return parser.parse_args(argv)


def main(argv=None) -> int:
    """Try the cases.

    Args:
        argv: The words of the command line; those of the process if None.

    Returns:
        The exit status.
    """
    args = parse_args(argv)
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        logging.disable(logging.WARNING)
        try:
            return try_kinds(args)
        finally:
            logging.disable(logging.NOTSET)


def try_kinds(args) -> int:
    """Try the cases of every kind asked for.

    Args:
        args: The options.

    Returns:
        The exit status.
    """
    failed = 0
    for kind in args.kinds:
        start = time.monotonic()
        try:
            counts = run(kind, args.cases, args.seed)
        except Exception as error:
            failed += 1
            notes = '\n'.join(getattr(error, '__notes__', []))
            print(f'{kind}: FAILED: {type(error).__name__}: {error}\n{notes}', flush=True)
            continue
        told = ', '.join(f'{counts[word]} {word}' for word in sorted(counts))
        print(f'{kind}: {sum(counts.values())} cases, {told}, '
              f'{time.monotonic() - start:.0f} s', flush=True)
    return min(failed, 1)


def run(kind: str, cases: int, number: int) -> Counter:
    """Try cases of one kind.

    Args:
        kind: One of ``KINDS``.
        cases: How many.
        number: The seed.

    Returns:
        How many were accepted and refused.
    """
    module = importlib.import_module(f'fuzz_{kind}')
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        @seed(number)
        @settings(max_examples=cases, database=None, deadline=None, report_multiple_bugs=False,
                  phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
        @given(module.cases())
        def try_case(case):
            counts[module.check(case, Path(folder))] += 1

        try_case()
    return counts


if __name__ == '__main__':
    faulthandler.enable()
    sys.exit(main())
