"""``fcos-mm detect``: detect objects in images and videos."""
import argparse
from importlib import import_module

from fcos_mm.cli.options import (
    add_config_options,
    add_offline_option,
    add_precision,
    add_trust_option,
    positive,
    threshold,
)
from fcos_mm.errors import UserError

_EXAMPLES = '''examples:
  %(prog)s pictures/*.jpg --model work_dirs/mine
  %(prog)s street.mp4 --model work_dirs/mine --classes car
  %(prog)s street.jpg --model fcos_r50_coco
  %(prog)s pictures --model model.onnx
  %(prog)s pictures my_config.py work_dirs/my_config/epoch_12.pth
  %(prog)s s3://bucket/pictures --model work_dirs/mine --shards --ray-address auto'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Detect objects in images and videos', _EXAMPLES
    parser.add_argument('input', nargs='+', help='images, videos (.mp4 .avi .mov .mkv), folders '
                        'of them, patterns such as "a/**/*.jpg", or lists (.txt)')
    parser.add_argument('--model', help='a work dir, checkpoint or config, an exported model '
                        '(.onnx, .xml, .torchscript), or a published one (see the command models)')
    parser.add_argument('--weights', metavar='CHECKPOINT', help='the weights, if MODEL is a config')
    parser.add_argument('--out-dir', default='detections', help='output folder')
    parser.add_argument('--score-thr', type=threshold, default='auto', metavar='SCORE',
                        help='keep detections with at least this score (default: auto, the '
                        'best-F1 threshold of each class found in training, or else 0.3)')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='keep only these classes')
    parser.add_argument('--batch-size', type=positive, metavar='N',
                        help='images per batch (default: 8 on a GPU, 1 on a CPU)')
    parser.add_argument('--tiles', type=positive, nargs='?', const=0, metavar='SIZE',
                        help='also detect in tiles with this side length in pixels, for small '
                        "objects in large images (default: the network's input size)")
    parser.add_argument('--no-draw', dest='draw', action='store_false',
                        help='do not draw the detections')
    parser.add_argument('--save-json', metavar='FILE', help='file for the detections in COCO '
                        'format (default: detections.json in --out-dir)')
    parser.add_argument('--save-csv', action='store_true',
                        help='write detections.csv next to detections.json')
    parser.add_argument('--save-crops', action='store_true',
                        help='write each object to crops/<class>/')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: the best one available)')
    add_precision(parser)
    add_config_options(parser)
    _add_sharding(parser.add_argument_group('many pictures, many machines (Ray)'))
    add_offline_option(parser)
    add_trust_option(parser)


def _add_sharding(group: argparse._ArgumentGroup) -> None:
    group.add_argument('--shards', type=positive, nargs='?', const=0, metavar='SIZE',
                       help='detect on several workers, SIZE pictures at a time (default: 64), '
                       'without drawing; addresses such as s3://bucket/prefix are read too. The '
                       'same command continues a run that was stopped')
    group.add_argument('--workers', type=positive, metavar='N', help='number of workers '
                       '(default: one per GPU, or else per CPU)')
    group.add_argument('--picture-timeout', type=positive, metavar='SECONDS',
                       help='longest time per picture: a worker that takes longer for SIZE '
                       'pictures is replaced, and the one that hangs is listed as failed (default: '
                       '120)')
    group.add_argument('--ray-address', metavar='ADDRESS', help='an existing Ray cluster, or auto '
                       '(default: Ray is started on this machine)')


def needs_libraries(args: argparse.Namespace) -> bool:
    """Whether OpenMMLab's packages are needed: not for an exported model on this machine."""
    from fcos_mm.detection.exported import is_exported
    return args.shards is not None or args.model is None or not is_exported(args.model)


def run(args: argparse.Namespace) -> int:
    """Detect; the result is the exit status."""
    _check_sharding(args)
    module = 'fcos_mm.apis.detect' if needs_libraries(args) else 'fcos_mm.detection.run'
    return import_module(module).run(args)


def _check_sharding(args: argparse.Namespace) -> None:
    """Make sure that the options of shards fit to the others.

    Raises:
        UserError: If one goes only with ``--shards``, or not with it.
    """
    if args.shards is None:
        for name, value in (('--workers', args.workers), ('--ray-address', args.ray_address),
                            ('--picture-timeout', args.picture_timeout)):
            if value is not None:
                raise UserError(f'{name} goes with --shards.\nAdd --shards, or leave it out.')
        return
    if args.save_crops:
        raise UserError('--save-crops does not go with --shards, which does not draw or cut.\n'
                        'Detect without --shards in the pictures whose objects you want.')
    if args.device not in (None, 'cpu', 'cuda'):
        raise UserError(f'--device {args.device} does not go with --shards: Ray gives each worker '
                        'its GPU.\nGive cpu or cuda, or leave it out.')
