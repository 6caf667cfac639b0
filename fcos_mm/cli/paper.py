"""``fcos-mm paper``: reproduce the paper's tables and figures."""
import argparse

from fcos_mm.cli.options import add_config_options, not_negative, positive, run_of
from fcos_mm.config.shipped import shipped_folder
from fcos_mm.paper.tables import NAMES, SCALES

_EPILOG = """\
scales:
  full   the paper's experiments on COCO; each training takes GPU-days (6.5 hours on 8 V100 for
         the official code); --plan lists the commands
  small  BCCD, 364 images of blood cells, at most 17 minutes per training on two CPU cores;
         needs data/bccd, see docs/custom_data.md
  tiny   the generated dataset `shapes`, a few minutes per training on one CPU core

Tables share trainings. Finished runs are kept; an interrupted command resumes from the last
checkpoint of each training.

examples:
  %(prog)s table1 table2 --ann-file annotations/instances_val2017.json
      recall and ambiguity of the paper's configs, from the annotations alone
  %(prog)s table5 --scale tiny --seeds 3 --jobs 2
      center-ness: runs the trainings of Table 5, two in parallel
  %(prog)s all --scale small --no-train
      everything that existing trainings allow
  %(prog)s table4 --weights fcos=fcos.pth retinanet=retinanet.pth
      tests your own weights instead of training
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "Reproduce the paper's tables and figures, next to its own numbers."
    parser.epilog = _EPILOG
    parser.add_argument('names', nargs='+', choices=(*NAMES, 'all'), metavar='TABLE',
                        help=f'{", ".join(NAMES)}, or all')
    parser.add_argument('--scale', choices=SCALES, default='full', help='size of the experiments')
    parser.add_argument('--data-root', metavar='DIR', help='dataset folder')
    parser.add_argument('--ann-file', metavar='FILE',
                        help='annotations of Tables 1 and 2 (default: those of the test split)')
    parser.add_argument('--out', metavar='DIR', help='folder for runs and tables '
                        '(default: work_dirs/paper/SCALE)')
    parser.add_argument('--seeds', type=positive, default=1,
                        help='trainings per row (default: 1)')
    parser.add_argument('--jobs', type=positive, default=1,
                        help='number of parallel runs; they share the cores (default: 1)')
    parser.add_argument('--gpus', type=not_negative, default=0, help='GPUs per training')
    parser.add_argument('--weights', nargs='+', default=[], metavar='EXPERIMENT=FILE',
                        help='checkpoints to test instead of training')
    parser.add_argument('--image-id', type=int, help='the image of Figure 3')
    parser.add_argument('--no-train', action='store_true',
                        help='do not train; use existing trainings')
    parser.add_argument('--plan', action='store_true',
                        help='write the configs, print the remaining commands, and stop')
    add_config_options(parser)
    parser.set_defaults(tools=shipped_folder('tools'))


run = run_of('fcos_mm.paper.main')
