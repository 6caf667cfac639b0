"""Network and decoding in onnxruntime, one image of 800 x 1344, R-50, fp32 (against mmdet's and torchvision's FCOS).

Each side is exported to ONNX by torch's exporter for one size, with the same random weights, and
both files run in the same onnxruntime: from normalised images to the boxes and final scores of
all locations (``peers_onnx.py``). The outputs must be the same: scores within 1e-4, boxes within
1e-4 of the largest value.
"""
from collections.abc import Iterator, Sequence

import numpy as np
import peers_onnx
from harness.case import Case
from harness.same import close
from torch import Tensor

SIZE = (800, 1344)


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the case of each peer, whose rules ours follows there."""
    for name in against:
        yield case(name, device)


def case(name: str, device: str) -> Case:
    """Build the case of one peer."""
    images = np.random.default_rng(0).standard_normal((1, 3, *SIZE), dtype=np.float32)
    ours, theirs = (peers_onnx.runner(network, images, device)
                    for network in peers_onnx.PAIRS[name](SIZE))
    return Case(f"batch 1, {SIZE[0]} x {SIZE[1]}, fp32, {name}'s rules", ours=ours,
                peers={name: theirs}, same=same_outputs, columns=dict(images=1))


def same_outputs(ours: list[Tensor], theirs: list[Tensor]) -> str:
    """Compare boxes and scores."""
    return (close('boxes', ours[0], theirs[0], rtol=0, atol=1e-4)
            or close('scores', ours[1], theirs[1], rtol=0, atol=1e-4))
