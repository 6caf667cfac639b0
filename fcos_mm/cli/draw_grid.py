"""``tools/analysis_tools/draw_grid.py``: a sheet of test pictures with detections drawn."""
import argparse

from fcos_mm.cli.options import add_config, add_config_options, resolve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command.

    Args:
        parser: The parser to add to.
    """
    parser.description = 'Draw a sheet of test pictures with their detections'
    add_config(parser, 'the config that was tested')
    parser.add_argument('predictions', help='the file that tools/test.py --out wrote')
    parser.add_argument('--out', default='grid.png', help='the picture to write')
    parser.add_argument('--count', type=int, default=24, help='number of pictures')
    parser.add_argument('--columns', type=int, default=6, help='pictures in a row')
    parser.add_argument('--side', type=int, default=320, metavar='PIXELS',
                        help='longer side of each picture on the sheet')
    parser.add_argument('--score-thr', type=float, default=0.3,
                        help='draw detections with at least this score')
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw the sheet.

    Args:
        args: The options.

    Raises:
        UserError: If the config or the predictions cannot be used.
    """
    args = resolve(args)
    from fcos_mm.apis import draw_grid
    draw_grid.run(args)
