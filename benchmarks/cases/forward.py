"""The network alone, one image of 800 x 1344, R-50, fp32 (against mmdet's FCOS).

Backbone, neck and head to the maps of all levels, with the same random weights.
The outputs must be the same within 1e-4 of the largest, with --precision bf16
within 10%. Cases as in "inference".
"""
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import peers
import torch
from harness.case import Case
from harness.same import close
from torch import Tensor, nn

from cases.inference import CPU, CUDA
from fcos_mm.speed import prepare_for_inference

SIZE = (800, 1344)


def cases(*, device: str, against: Sequence[str], precision: str = 'fp32') -> Iterator[Case]:
    """Yield the cases: those ways to run that leave the process as it is."""
    for name, options in (CPU if device == 'cpu' else CUDA).items():
        if device != 'cpu' or not options.get('keep_memory', True):
            yield case(name, options, device, against, precision)


def case(name: str, options: dict, device: str, against: Sequence[str],
         precision: str = 'fp32') -> Case:
    """Build the case of one way to run."""
    ours, theirs = (model.eval() for model in peers.build_detectors(device))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(1, 3, *SIZE, generator=generator).to(device)
    runs = {'mmdet': network(theirs, images)} if 'mmdet' in against else {}
    ours = prepare_for_inference(ours, precision=precision, **options)
    tolerance = 1e-4 if precision == 'fp32' else 0.1
    return Case(f'batch 1, {SIZE[0]} x {SIZE[1]}, {precision}, {name}',
                ours=network(ours, images), peers=runs,
                same=partial(same_maps, tolerance=tolerance), columns=dict(images=1))


def network(model: nn.Module, images: Tensor) -> Callable[[], list]:
    """Return a function that computes the maps of all levels."""

    @torch.no_grad()
    def forward() -> list:
        outputs = model.bbox_head(model.extract_feat(images))
        return [level for kind in outputs for level in kind]

    return forward


def same_maps(ours: list[Tensor], theirs: list[Tensor], tolerance: float = 1e-4) -> str:
    """Compare the maps of all levels; ``tolerance`` is a part of the largest value."""
    differences = (close(f'map {index}', a.float(), b, rtol=0, atol=tolerance)
                   for index, (a, b) in enumerate(zip(ours, theirs, strict=True)))
    return next(filter(None, differences), '')
