"""``fcos-mm assignment-stats``: find which boxes a config can detect at all."""
import argparse

from fcos_mm.cli.options import add_config, add_config_options
from fcos_mm.errors import UserError

_EPILOG = """\
Needs neither images nor a GPU. docs/assignment_stats.md explains the output.

examples:
  %(prog)s configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py \\
      --ann-file data/coco/annotations/instances_val2017.json
      do the regress ranges fit the data?
  %(prog)s my_config.py --ann-file train.json --scale 1024 640 --out stats.json
      ... with a smaller input; stats.json lists every box without a location
  %(prog)s configs/retinanet/retinanet_r50-caffe_fpn_1x_coco.py --ann-file val.json \\
      --low-quality-matches --as-published
      the paper's Table 1, counted as in its code"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        'Find which boxes of an annotation file the locations (or anchors) of a config can '
        'detect, and whether its regress ranges fit')
    parser.epilog = _EPILOG
    add_config(parser, 'an FCOS config, or one with anchors and MaxIoUAssigner')
    parser.add_argument('--ann-file', required=True, help='COCO-format annotation file')
    parser.add_argument('--out', metavar='FILE.json', help='write the statistics as JSON')
    parser.add_argument('--scale', type=int, nargs=2, metavar=('LONGER', 'SHORTER'),
                        help='maximum input size in pixels (default: the largest scale of the '
                        "config's training pipeline)")
    parser.add_argument('--low-quality-matches', action='store_true',
                        help="anchors only: also report the best possible recall if a box's best "
                        'anchor counts as a match never, from IoU 0.4 on, or always')
    parser.add_argument('--as-published', action='store_true',
                        help="count like the code behind the paper's tables: sizes rounded down, "
                        "last pixel inside the box, Detectron's anchors and matching")
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Print and write the statistics.

    Raises:
        UserError: If the config or the annotations cannot be used.
    """
    if args.scale and min(args.scale) < 1:
        raise UserError(f'--scale {args.scale} must be positive.')
    from fcos_mm.analysis.assignment_report import report
    from fcos_mm.analysis.assignment_stats import anchor_recall, assignment_statistics
    from fcos_mm.config import load_config
    from fcos_mm.datasets.converters.coco import write_json
    cfg = load_config(args.config, args.cfg_options)
    options = dict(scale=args.scale and tuple(args.scale), as_published=args.as_published)
    statistics = dict(config=args.config, **options,
                      **assignment_statistics(cfg, args.ann_file, **options))
    for warning in statistics['warnings']:
        print(f'warning: {warning}')
    print(report(statistics))
    if args.low_quality_matches:
        recall = anchor_recall(cfg, args.ann_file, **options)
        statistics['low_quality_matches'] = recall
        print('\nbest possible recall by low-quality matches counted:')
        for rule, value in recall.items():
            print(f'{rule:>8}  {value:.2f} %')
    if args.out:
        write_json(args.out, statistics)
        print(f'\n{args.out}')
