"""Bytes that a step and a validation send between processes, and their time at a bandwidth.

Sizes are counted, not estimated: the gradients of a config's detector, and the
results of an image as they are gathered for the evaluation. Times are
calculated from the step time and the bandwidth that you give:

    python benchmarks/scale.py
    python benchmarks/scale.py --step-seconds T --gigabytes B
"""
import argparse
import pickle
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

import fcos_mm  # noqa: F401  (registers its models)
from fcos_mm.registry import MODELS

CONFIG = (Path(__file__).resolve().parents[1]
          / 'configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
PROCESSES = (1, 2, 4, 8, 16, 64, 256, 1024)
IMAGES = 5000  # of val2017


def gradient_bytes(model: nn.Module) -> int:
    """Bytes of the gradients that an all-reduce averages.

    Args:
        model: The detector; frozen weights have none.
    """
    return sum(parameter.numel() * parameter.element_size()
               for parameter in model.parameters() if parameter.requires_grad)


def result_bytes(detections: int, seed: int = 0) -> int:
    """Bytes of an image's results, pickled, as mmengine gathers them.

    Args:
        detections: How many.
        seed: Of the numbers.
    """
    random = np.random.default_rng(seed)
    prediction = dict(img_id=1, bboxes=random.random((detections, 4), np.float32),
                      scores=random.random(detections, np.float32),
                      labels=random.integers(0, 80, detections))
    return len(pickle.dumps((dict(width=640, height=480, img_id=1), prediction)))


def sent_bytes(size: int, processes: int) -> float:
    """Bytes that each process sends to all-reduce a tensor in a ring.

    Every part travels round the ring twice less one stop: once to be summed,
    once to be handed out.

    Args:
        size: Of the tensor.
        processes: In the ring.
    """
    return 2 * (processes - 1) / processes * size


def main() -> None:
    """Print the sizes and, for a bandwidth, the times."""
    args = parse_args()
    cfg = Config.fromfile(args.config)
    cfg.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('fcos_mm'), torch.device('meta'):
        model = MODELS.build(cfg.model)
    size = gradient_bytes(model)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    per_image = result_bytes(100)
    print(f'parameters {parameters:,}; gradients {size:,} bytes in fp32\n'
          f'results of an image with 100 detections {per_image:,} bytes, '
          f'of {IMAGES:,} images {per_image * IMAGES:,}')
    print('| processes | each sends, MB |' + (' s at B | share of a step |'
                                               if args.gigabytes else ''))
    for processes in PROCESSES:
        sent = sent_bytes(size, processes)
        line = f'| {processes} | {sent / 1e6:.1f} |'
        if args.gigabytes:
            seconds = sent / (args.gigabytes * 1e9)
            line += f' {seconds:.4f} | {seconds / args.step_seconds:.1%} |'
        print(line)


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--step-seconds', type=float, help='a step of one process, measured')
    parser.add_argument('--gigabytes', type=float,
                        help='bandwidth between processes, in 1e9 bytes a second, measured')
    args = parser.parse_args()
    if (args.step_seconds is None) != (args.gigabytes is None):
        parser.error('--step-seconds and --gigabytes go together')
    return args


if __name__ == '__main__':
    main()
