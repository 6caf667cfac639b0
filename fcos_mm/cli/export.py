"""``fcos-mm export``: write a trained detector as ONNX, OpenVINO or TorchScript."""
import argparse

from fcos_mm.cli.options import (
    add_config_options,
    add_offline_option,
    add_trust_option,
    positive,
    run_of,
)

_EXAMPLES = '''\
The file is compared with the model on pictures before it gets its name. docs/deploy.md explains
formats, modes and outputs, and how to run the file.

examples:
  %(prog)s work_dirs/mine
      writes the best checkpoint with all steps up to NMS beside it
  %(prog)s work_dirs/mine --dynamic
      for images of any size, in batches of any number
  %(prog)s work_dirs/mine --size 640x480 --batch 4 --out detector.onnx
  %(prog)s work_dirs/mine --format openvino --precision int8 --images data/mine/train
  %(prog)s my_config.py --weights epoch_12.pth --mode decoded'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Write a trained detector to a file that other programs run, and compare '
                          'the file with the model.')
    parser.epilog = _EXAMPLES
    parser.add_argument('model', help='a work dir, checkpoint, config or published model')
    parser.add_argument('--weights', metavar='CHECKPOINT', help='the weights, if MODEL is a config')
    parser.add_argument('--format', default='onnx', metavar='FORMAT',
                        help='onnx, openvino or torchscript (default: %(default)s)')
    parser.add_argument('--mode', choices=['raw', 'decoded', 'nms'],
                        help='output of the file: raw maps of the network, decoded boxes and '
                        'scores of all locations, or detections after NMS (default: nms if the '
                        'format has it)')
    parser.add_argument('--precision', default='fp32', choices=['fp32', 'fp16', 'bf16', 'int8'],
                        help='number type of the layers; int8 is calibrated on pictures, and not '
                        'every format has every type (default: %(default)s)')
    parser.add_argument('--dynamic', action='store_true',
                        help='accept images of any size in batches of any number')
    parser.add_argument('--size', metavar='WIDTHxHEIGHT', help='input size in pixels, rounded up '
                        'to multiples of pad_size_divisor (default: that of the test pipeline)')
    parser.add_argument('--batch', type=positive, metavar='N', help='images per batch (default: 1)')
    parser.add_argument('--images', nargs='+', metavar='PATH',
                        help='images or folders to compare and calibrate on (default: the '
                        "config's validation set, or else four photographs)")
    parser.add_argument('--out', metavar='FILE', help='file to write (default: next to the '
                        'checkpoint, named after the config and what is not the default)')
    add_config_options(parser)
    add_offline_option(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.exporting.export')
