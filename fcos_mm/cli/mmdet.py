"""``fcos-mm mmdet``: run one of mmdet's own scripts on a config."""
import argparse

from fcos_mm.cli.options import run_of

_EXAMPLES = '''examples:
  %(prog)s
      list the scripts
  %(prog)s get_flops --help
      the help of a script
  %(prog)s get_flops fcos_mm::demo/fcos_csp-w25_fpn_shapes.py
  %(prog)s test CONFIG CHECKPOINT --out predictions.pkl
  %(prog)s confusion_matrix CONFIG predictions.pkl pictures/
Top-level config settings such as classes and data_root apply as in fcos_mm's own commands.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = "Run one of mmdet's scripts", _EXAMPLES
    parser.add_argument('script', nargs='?', help='script name, with or without its folder and .py')
    parser.add_argument('words', nargs=argparse.REMAINDER, metavar='...',
                        help='arguments and options of the script')


run = run_of('fcos_mm.apis.mmdet_tools')
