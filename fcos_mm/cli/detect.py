"""``fcos-mm detect``: detect objects in images."""
import argparse

from fcos_mm.cli.options import (
    add_config,
    add_config_options,
    add_score_threshold,
    add_trust_option,
    run_of,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Detect objects in images'
    parser.epilog = 'example:\n  %(prog)s pictures my_config.py work_dirs/my_config/epoch_12.pth'
    parser.add_argument('input', help='an image, or a folder with images and folders')
    add_config(parser)
    parser.add_argument('checkpoint', help='the weights')
    parser.add_argument('--out-dir', default='detections', help='where the results go')
    add_score_threshold(parser, 'keep')
    parser.add_argument('--device', help='cpu, cuda:0, ... (default: the best one available)')
    add_config_options(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.detect')
