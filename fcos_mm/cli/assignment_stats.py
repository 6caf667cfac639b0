"""``tools/analysis_tools/assignment_stats.py``: which boxes can be answered for."""
import argparse

from fcos_mm.cli.options import add_config, add_config_options, resolve

_EPILOG = """\
Neither images nor a GPU are needed. docs/assignment_stats.md explains the output.

examples:
  %(prog)s configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py \\
      --ann-file data/coco/annotations/instances_val2017.json
      do the regress ranges fit the data?
  %(prog)s my_config.py --ann-file train.json --scale 1024 640 --out stats.json
      ... with a smaller input; every box without a location is listed in stats.json
  %(prog)s configs/retinanet/retinanet_r50-caffe_fpn_1x_coco.py --ann-file val.json \\
      --low-quality-matches --as-published
      the paper's Table 1, counted as the codes behind it do"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command.

    Args:
        parser: The parser to add to.
    """
    parser.description = (
        'Say which boxes of an annotation file the locations (or anchors) of a config answer for, '
        'and whether its regress ranges fit')
    parser.epilog = _EPILOG
    add_config(parser, 'the config: FCOS, or anchors with MaxIoUAssigner')
    parser.add_argument('--ann-file', required=True, help='COCO-format annotation file')
    parser.add_argument('--out', metavar='FILE.json', help='write everything as JSON')
    parser.add_argument('--scale', type=int, nargs=2, metavar=('LONGER', 'SHORTER'),
                        help='most pixels of the sides of the input (default: those of the '
                        "config's training pipeline, of several scales the largest)")
    parser.add_argument('--low-quality-matches', action='store_true',
                        help='anchors only: the best possible recall also when the best anchor of '
                        'a box counts never, from IoU 0.4 on, always')
    parser.add_argument('--as-published', action='store_true',
                        help="count as the codes behind the paper's tables: size rounded down, "
                        "last pixel inside the box, Detectron's anchors and matching")
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Print and write the statistics.

    Args:
        args: The options.

    Raises:
        UserError: If the config or the annotations cannot be used.
    """
    args = resolve(args)
    from fcos_mm.apis import assignment_stats
    assignment_stats.run(args)
