"""``fcos-mm report``: show how well a detector works, where it fails, and what to do next."""
import argparse

from fcos_mm.cli.options import add_config_options, add_trust_option, run_of

_EXAMPLES = '''\
The page needs no network and no other file; beside it, the numbers in report.json. Predictions are
kept there too: a second call with the same checkpoint does not detect again. docs/report.md
explains the chapters.

examples:
  %(prog)s work_dirs/mine
      of the best checkpoint, in work_dirs/mine/report/report.html
  %(prog)s work_dirs/mine --split val
      in work_dirs/mine/report_val/report.html
  %(prog)s my_config.py epoch_12.pth --out report.html
  %(prog)s work_dirs/mine --predictions predictions.pkl
      of what `fcos-mm test work_dirs/mine --out predictions.pkl` wrote
  %(prog)s --compare work_dirs/first work_dirs/second
      both have a report: what became better and worse, in work_dirs/second/report/compare.html'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Write a page on a detector: how it learned, how well it works, where it '
                          'fails, which score threshold to use.')
    parser.epilog = _EXAMPLES
    parser.add_argument('model', nargs='?',
                        help='the work dir of a training, a checkpoint, or a config')
    parser.add_argument('checkpoint', nargs='?', help='the weights, for a config')
    parser.add_argument('--split', choices=['val', 'test'], help='what to detect in (default: '
                        'test, if the config has one that is annotated and not val, else val)')
    parser.add_argument('--out', metavar='FILE.html',
                        help='the page (default: report/report.html beside the checkpoint, with '
                        '--split report_val/ or report_test/)')
    parser.add_argument('--predictions', metavar='FILE.pkl',
                        help='what test --out wrote for this split: nothing is detected')
    parser.add_argument('--again', action='store_true',
                        help='detect again, although there are predictions of this checkpoint')
    parser.add_argument('--compare', nargs=2, metavar=('A', 'B'),
                        help='two work dirs with a report, or two files report.json, of the same '
                        'images: show them side by side (default page: compare.html beside the '
                        'report of B)')
    add_config_options(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.reporting.report')
