"""``fcos-mm draw-grid``: draw a grid of test images with their detections."""
import argparse

from fcos_mm.cli.options import add_config, add_config_options, add_score_threshold, run_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Draw a grid of test images with their detections'
    parser.epilog = 'example:\n  %(prog)s my_config.py predictions.pkl --out grid.png'
    add_config(parser, 'the config that was tested')
    parser.add_argument('predictions', help='predictions written by test --out')
    parser.add_argument('--out', default='grid.png', help='the image to write')
    parser.add_argument('--count', type=int, default=24, help='number of images')
    parser.add_argument('--columns', type=int, default=6, help='images per row')
    parser.add_argument('--side', type=int, default=320, metavar='PIXELS',
                        help='longer side of each image in the grid')
    add_score_threshold(parser, 'draw')
    add_config_options(parser)


run = run_of('fcos_mm.apis.draw_grid')
