"""``fcos-mm report``: show how well a detector works, where it fails, and what to do next."""
import argparse

from fcos_mm.cli.options import add_config_options, add_trust_option, run_of

_EXAMPLES = '''\
The page is a single file and works offline. Its numbers are written next to it in report.json, and
the predictions are kept there too: a second call with the same checkpoint reuses them.
docs/report.md explains the chapters.

examples:
  %(prog)s work_dirs/mine
      the best checkpoint; writes work_dirs/mine/report/report.html
  %(prog)s work_dirs/mine --split val
      writes work_dirs/mine/report_val/report.html
  %(prog)s my_config.py epoch_12.pth --out report.html
  %(prog)s work_dirs/mine --predictions predictions.pkl
      uses the predictions of `fcos-mm test work_dirs/mine --out predictions.pkl`
  %(prog)s --compare work_dirs/first work_dirs/second
      shows what got better and what got worse; both need a report; writes
      work_dirs/second/report/compare.html'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Write a report on a detector: how training went, how well it works, '
                          'where it fails, and which score threshold to use.')
    parser.epilog = _EXAMPLES
    parser.add_argument('model', nargs='?',
                        help='the work dir of a training, a checkpoint, or a config')
    parser.add_argument('checkpoint', nargs='?', help='the weights, if MODEL is a config')
    parser.add_argument('--split', choices=['val', 'test'], help='split to evaluate (default: '
                        'test if it is annotated and differs from val, else val)')
    parser.add_argument('--out', metavar='FILE.html',
                        help='the page (default: report/report.html next to the checkpoint; with '
                        '--split in report_val/ or report_test/)')
    parser.add_argument('--predictions', metavar='FILE.pkl',
                        help='use the predictions that `fcos-mm test --out` wrote for this split '
                        'instead of running the detector')
    parser.add_argument('--again', action='store_true',
                        help='run the detector again even if predictions of this checkpoint exist')
    parser.add_argument('--compare', nargs=2, metavar=('A', 'B'),
                        help='compare two reports on the same images side by side; A and B are '
                        'work dirs with a report, or report.json files (default page: compare.html '
                        'next to the report of B)')
    add_config_options(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.reporting.report')
