"""``tools/detect.py``: detecting objects in images."""
import argparse

from fcos_mm.cli.options import add_config, add_config_options, add_trust_option, resolve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command.

    Args:
        parser: The parser to add to.
    """
    parser.description = 'Detect objects in images'
    parser.add_argument('input', help='an image, or a folder of images and folders')
    add_config(parser)
    parser.add_argument('checkpoint', help='the weights')
    parser.add_argument('--out-dir', default='detections', help='where the results go')
    parser.add_argument('--score-thr', type=float, default=0.3,
                        help='keep detections with at least this score')
    parser.add_argument('--device', help='cpu, cuda:0, ...; the best there is if absent')
    add_config_options(parser)
    add_trust_option(parser)


def run(args: argparse.Namespace) -> int:
    """Detect.

    Args:
        args: The options.

    Returns:
        1 if some images failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: If input, config or checkpoint cannot be used, or results
            cannot be written.
    """
    args = resolve(args)
    from fcos_mm.apis import detect
    return detect.run(args)
