"""``fcos-mm convert``: convert VOC or YOLO data to COCO, or FCOS checkpoints of other projects."""
import argparse

from fcos_mm.cli.options import add_config_options, add_trust_option, not_negative
from fcos_mm.errors import UserError

_EPILOG = '''\
Data: SOURCE is a folder of PASCAL VOC, LabelImg, Roboflow, YOLO or COCO data, or a YOLO data.yaml.
The layout is detected automatically, and a validation split is made if there is none. Valid COCO
files stay where they are. voc-to-coco and yolo-to-coco convert single splits and have more options.

examples:
  %(prog)s VOC2007 --out data/mine
  %(prog)s yolo/data.yaml --out data/mine --classes cat dog

Checkpoints: SOURCE is a file of mmdet, torchvision, tianzhi0549/FCOS, AdelaiDet or detectron2.
OUT.pth detects at once (detect --model OUT.pth); OUT.py is its config. docs/convert.md explains
what is recognised and the variants.

examples:
  %(prog)s fcos_r50_caffe.pth fcos.pth
  %(prog)s fcos_resnet50_fpn_coco-99b0c9b7.pth fcos.pth
  %(prog)s weights_only.pth fcos.pth --variant caffe
  %(prog)s work_dirs/mine for_mmdet.pth --to mmdet'''
_CHECKPOINTS = ('.pth', '.pt', '.ckpt', '.bin', '.pkl', '.pickle')
_OF_CHECKPOINTS = ('variant', 'config', 'to', 'from', 'force')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Convert data to COCO format, or a checkpoint of another FCOS '
                          'implementation to one of fcos_mm, and back.')
    parser.epilog = _EPILOG
    parser.add_argument('source', metavar='SOURCE', help='data or checkpoint, see below')
    parser.add_argument('out_file', nargs='?', metavar='OUT.pth',
                        help='of a checkpoint: file to write')
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='data: classes to convert, in label order (default: all); checkpoint: '
                        'names of its classes, where it has none')
    data = parser.add_argument_group('data')
    data.add_argument('--out', metavar='DIR', help='folder to write to')
    data.add_argument('--seed', type=not_negative, default=0, metavar='N',
                      help='seed for choosing validation images (default: %(default)s)')
    weights = parser.add_argument_group('checkpoints')
    weights.add_argument('--variant', metavar='NAME', help='what the weights were trained with, '
                         'where the file does not tell; the error message lists the names')
    weights.add_argument('--config', metavar='FILE',
                         help='mmdet: config of the training, where the file has none')
    weights.add_argument('--from', metavar='NAME', help='implementation that SOURCE comes from '
                         '(default: recognised by the names of the weights)')
    weights.add_argument('--to', metavar='NAME', help='convert a work dir or checkpoint of '
                         'fcos_mm to mmdet or torchvision')
    weights.add_argument('--force', action='store_true', help='replace files that are there')
    add_config_options(weights)
    add_trust_option(weights)


def run(args: argparse.Namespace) -> None:
    """Convert data or a checkpoint, and print what came out.

    Raises:
        UserError: If it cannot be converted, or options are of the other kind.
    """
    if args.to or args.out_file or args.source.lower().endswith(_CHECKPOINTS):
        _check_checkpoint(args)
        from fcos_mm.apis.converting.convert import run as convert_checkpoint
        convert_checkpoint(args)
    else:
        _check_data(args)
        _convert_data(args)


def _convert_data(args: argparse.Namespace) -> None:
    """Write COCO files for a user's data; print what they hold and how a config names them."""
    from fcos_mm.datasets.checks.summary import class_table, config_lines, summarise
    from fcos_mm.datasets.sources import prepare_data
    data = prepare_data(args.source, args.out, classes=args.classes, seed=args.seed)
    splits = {name: summarise(split.ann_file, data.classes) for name, split in data.splits.items()}
    print('\n'.join([data.layout, *data.notes, '', *class_table(splits), '', 'In a config:',
                     *config_lines(data)]))


def _check_data(args: argparse.Namespace) -> None:
    given = [name for name in _OF_CHECKPOINTS if getattr(args, name)]
    if given:
        raise UserError(f'--{given[0]} is for checkpoints, and {args.source} is not a file of '
                        'weights.\nData: fcos-mm convert SOURCE --out DIR')
    if args.out is None:
        raise UserError(f'Where {args.source} goes is missing.\nData: fcos-mm convert '
                        f'{args.source} --out DIR\nCheckpoint: fcos-mm convert FILE.pth OUT.pth')


def _check_checkpoint(args: argparse.Namespace) -> None:
    if args.out_file is None or args.out is not None:
        raise UserError('A checkpoint is converted to a file.\nName it without --out: fcos-mm '
                        f'convert {args.source} OUT.pth\n--out is for data.')
    if args.to and (args.variant or args.config or getattr(args, 'from')):
        raise UserError('--variant, --config and --from say what another implementation wrote; '
                        f'--to {args.to} converts a checkpoint of fcos_mm.\nLeave them out.')
    if args.cfg_options and not args.to:
        raise UserError('--cfg-options goes with --to. A converted checkpoint takes options when '
                        'it is used: fcos-mm detect --cfg-options ...')
