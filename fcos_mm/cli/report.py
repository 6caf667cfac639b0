"""``fcos-mm report``: show how well a detector works, where it fails, and what to do next."""
import argparse

from fcos_mm.cli.options import (
    add_config_options,
    add_offline_option,
    add_trust_option,
    run_of,
)

_EXAMPLES = '''\
The page is a single file that needs no network. Its numbers are next to it, in report.json. The
predictions are kept there too, and a second call with the same checkpoint reuses them.
docs/report.md explains the chapters.

examples:
  %(prog)s work_dirs/mine
      for the best checkpoint, in work_dirs/mine/report/report.html
  %(prog)s work_dirs/mine --split val
      writes work_dirs/mine/report_val/report.html
  %(prog)s my_config.py epoch_12.pth --out report.html
  %(prog)s work_dirs/mine --predictions predictions.pkl
      from the output of `fcos-mm test work_dirs/mine --out predictions.pkl`
  %(prog)s --compare work_dirs/first work_dirs/second
      what improved and what got worse, in work_dirs/second/report/compare.html'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Write a report on a detector: how training went, how well it works, '
                          'where it fails, and which score threshold to use.')
    parser.epilog = _EXAMPLES
    parser.add_argument('model', nargs='?',
                        help='the work dir of a training, a checkpoint, or a config')
    parser.add_argument('checkpoint', nargs='?', help='the weights, for a config')
    parser.add_argument('--split', choices=['val', 'test'], help='the split to report on (default: '
                        'test if the config has an annotated one other than val, otherwise val)')
    parser.add_argument('--out', metavar='FILE.html',
                        help='the page (default: report/report.html next to the checkpoint; with '
                        '--split in report_val/ or report_test/)')
    parser.add_argument('--predictions', metavar='FILE.pkl',
                        help='use this output of test --out for the split instead of detecting')
    parser.add_argument('--again', action='store_true',
                        help='detect again even if there are predictions of this checkpoint')
    parser.add_argument('--compare', nargs=2, metavar=('A', 'B'),
                        help='show two reports on the same images side by side: two work dirs '
                        'with a report, or two report.json files (default page: compare.html '
                        'next to the report of B)')
    add_config_options(parser)
    add_offline_option(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.reporting.report')
