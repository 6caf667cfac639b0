"""Time fcos_mm side by side with its peers, on equal inputs and weights.

Both sides must give the same result before anything is timed. Then they take
turns; the medians are printed, with the ratio peer / ours.
"""
import argparse
import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

CASES = Path(__file__).resolve().parent / 'cases'
WHATS = ('assign', 'loss', 'postprocess', 'nms', 'forward', 'train-step', 'inference', 'loader',
         'coco-eval', 'onnx')
DETECTORS = ('mmdet', 'torchvision')
EPILOG = """\
Different results are reported and not timed. Exit status: 0 measured, 1 results
differed, 2 wrong arguments, 3 nothing could be measured here."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    args = parse_arguments(arguments)
    import torch
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.device == 'cuda' and not torch.cuda.is_available():
        say('cuda: not available: torch sees no CUDA device')
        return 3
    from harness import report
    from harness.environment import describe, environment
    facts = environment(args.device)
    print(describe(facts), flush=True)
    against = available_detectors(args.against)
    rows, differences = [], []
    for what in (WHATS if args.what == 'all' else [args.what]):
        for row in measured(what, args, against, differences):
            rows.append(row)
            say(report.sentence(row))
            if args.out:  # after each, in case the run is cut short
                report.write_json(args.out, rows, facts)
    print(report.table(rows) if rows else 'nothing could be measured')
    return 1 if differences else 0 if rows else 3


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    whats = '\n'.join(f'  {what:12} {first_line(what)}' for what in WHATS)
    parser = argparse.ArgumentParser(
        description=f'{__doc__}\nWHAT is one of\n{whats}\n  all', epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', metavar='WHAT', choices=(*WHATS, 'all'), help='see above')
    parser.add_argument(
        '--against', type=names, default=list(DETECTORS), metavar='NAMES',
        help='the detectors to compare with, comma-separated (default: mmdet,torchvision); '
        'other libraries, such as OpenCV for nms, always take part')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--out', type=Path, metavar='F.json', help='also write the rows here')
    parser.add_argument('--rounds', type=positive, default=21,
                        help='maximum timed rounds of a case (default: 21)')
    parser.add_argument('--seconds', type=float, default=60,
                        help='no new round of a case after this time, except the first three '
                        '(default: 60)')
    parser.add_argument('--threads', type=positive, help="torch's threads (default: torch's own)")
    parser.add_argument('--precision', choices=('fp32', 'bf16'), default='fp32',
                        help='bf16: ours in bfloat16 against fp32 of the others, where a WHAT has '
                        'such cases (forward, inference, train-step)')
    parser.add_argument('--profile', action='store_true',
                        help='print where the time of ours goes, by operator')
    parser.add_argument('--sweep', action='store_true',
                        help='more sizes, for plot.py, where a WHAT has them (assign)')
    return parser.parse_args(arguments)


def names(text: str) -> list[str]:
    """The value of ``--against``."""
    chosen = [name for name in text.split(',') if name]
    if unknown := set(chosen) - set(DETECTORS):
        raise argparse.ArgumentTypeError(
            f'unknown {", ".join(sorted(unknown))}; choose from {", ".join(DETECTORS)}')
    return chosen


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number above 0, got {text!r}')
    return int(text)


def first_line(what: str) -> str:
    """The first line of a case module's docstring, without importing it."""
    path = CASES / f'{what.replace("-", "_")}.py'
    if not path.exists():
        return '(not there)'
    return (ast.get_docstring(ast.parse(path.read_text())) or '').partition('\n')[0]


def available_detectors(against: list[str]) -> list[str]:
    """The requested detectors that can be imported here."""
    import peers
    found = []
    for name in against:
        if reason := peers.why_not(name):
            say(f'{name}: not available: {reason}')
        else:
            found.append(name)
    return found


def measured(what: str, args: argparse.Namespace, against: list[str],
             differences: list[str]) -> Iterator[dict]:
    """Measure the cases of one WHAT, one after the other.

    Args:
        what: the WHAT.
        args: the command line.
        against: detectors to compare with.
        differences: a line is added for each case whose results differ.
    """
    from harness.case import NotAvailable
    from harness.measure import DifferentAnswersError, Options, measure
    from harness.operators import top_operators
    options = Options(args.device, args.rounds, args.seconds, say)
    try:
        source = with_precision(case_source(what, args.sweep), args.precision)
        for case in source(device=args.device, against=against):
            try:
                yield from measure(what, case, options)
                if args.profile:
                    print(f'{what}: {case.name}: operators of ours\n{top_operators(case.ours)}')
            except DifferentAnswersError as difference:
                differences.append(str(difference))
                say(str(difference))
            except NotAvailable as reason:
                say(f'{what}: {case.name}: not available: {reason}')
            del case  # before the next one is built
    except NotAvailable as reason:
        say(f'{what}: not available: {reason}')


def case_source(what: str, sweep: bool):
    """The function that yields the cases of one WHAT.

    Raises:
        NotAvailable: there is none.
    """
    from harness.case import NotAvailable
    if not (CASES / f'{what.replace("-", "_")}.py').exists():
        raise NotAvailable(f'there is no {CASES.name}/{what.replace("-", "_")}.py')
    try:
        module: ModuleType = importlib.import_module(f'cases.{what.replace("-", "_")}')
    except ImportError as error:  # a library that only this needs
        raise NotAvailable(str(error)) from error
    if not sweep:
        return module.cases
    if not hasattr(module, 'sweep'):
        raise NotAvailable('it has no sweep')
    return module.sweep


def with_precision(source, precision: str):
    """A source of cases in a precision.

    Raises:
        NotAvailable: it has none.
    """
    from harness.case import NotAvailable
    if precision == 'fp32':
        return source
    if 'precision' not in inspect.signature(source).parameters:
        raise NotAvailable(f'it has no case in {precision}')
    return functools.partial(source, precision=precision)


def say(line: str) -> None:
    """Report progress on stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
