"""Network and decoding in onnxruntime, R-50, fp32 (against mmdet's, torchvision's FCOS).

Each side is exported to ONNX by torch's exporter for one image of one size, with the same random
weights, and both files run in the same onnxruntime: from normalised images to the boxes and final
scores of all locations (``peers_onnx.py``). Both must be the same within 1e-4 of the largest. The
size is 800 x 1344 and, as torchvision's boxes need multiples of 128, 768 x 1280 with it.
"""
from collections.abc import Iterator, Sequence

import numpy as np
import peers_onnx
from harness.case import Case
from harness.same import close
from torch import Tensor

SIZES = dict(mmdet=(800, 1344), torchvision=(768, 1280))


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the case of each peer, whose rules ours follows there."""
    for name in against:
        yield case(name, device)


def case(name: str, device: str) -> Case:
    """Build the case of one peer."""
    size = SIZES[name]
    images = np.random.default_rng(0).standard_normal((1, 3, *size), dtype=np.float32)
    ours, theirs = (peers_onnx.runner(network, images, device)
                    for network in peers_onnx.PAIRS[name](size))
    return Case(f"batch 1, {size[0]} x {size[1]}, fp32, {name}'s rules", ours=ours,
                peers={name: theirs}, same=same_outputs, columns=dict(images=1))


def same_outputs(ours: list[Tensor], theirs: list[Tensor]) -> str:
    """Compare boxes and scores."""
    return (close('boxes', ours[0], theirs[0], rtol=0, atol=1e-4)
            or close('scores', ours[1], theirs[1], rtol=0, atol=1e-4))
