"""``fcos-mm serve``: serve an exported detector over HTTP."""
import argparse

from fcos_mm.cli.options import positive, run_of, threshold

_EXAMPLES = '''examples:
  %(prog)s mine.onnx
  %(prog)s mine.onnx --port 9000 --score-thr 0.5
  curl -F image=@picture.jpg http://127.0.0.1:8000/detect'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Serve an exported detector over HTTP.', _EXAMPLES
    parser.add_argument('model', help='a file that `fcos-mm export` wrote: .onnx, .xml or '
                        '.torchscript')
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on (default: '
                        '%(default)s, this machine only; 0.0.0.0 for all)')
    parser.add_argument('--port', type=_port, default=8000,
                        help='port to listen on; 0 for any free one (default: %(default)s)')
    parser.add_argument('--threads', type=positive, metavar='N',
                        help='CPU threads of the model (default: all)')
    parser.add_argument('--device', default='cpu', help='cpu, cuda, cuda:1, ... (default: cpu)')
    parser.add_argument('--score-thr', type=threshold, default='auto', metavar='SCORE',
                        help='minimum score if the request gives none (default: auto, the '
                        'thresholds stored in the file)')
    parser.add_argument('--batch-size', type=positive, metavar='N',
                        help='images per batch (default: that of the file, or else 8 on a '
                        'GPU and 1 on a CPU)')
    parser.add_argument('--max-upload-mb', type=_above_zero, default=10, metavar='MB',
                        help='largest upload (default: %(default)s)')
    parser.add_argument('--max-megapixels', type=_above_zero, default=40, metavar='MP',
                        help='largest image (default: %(default)s)')
    parser.add_argument('--queue', type=positive, default=256, metavar='N',
                        help='images that may wait; more get status 503 (default: %(default)s)')
    parser.add_argument('--timeout', type=_above_zero, default=30, metavar='S',
                        help='seconds until a request is answered, or refused with status 504 '
                        '(default: %(default)s)')


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f'{text}: give a number from 0 to 65535')
    return int(text)


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f'{text}: give a number above 0')
    return value


run = run_of('fcos_mm.serving.server')
