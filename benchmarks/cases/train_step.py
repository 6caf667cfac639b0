"""A training step, R-50: batch to updated weights (against mmdet's FCOS).

The same weights, images and boxes; ours guarded against numbers that are not
finite, as training is by default. On the CPU two images of 400 x 672 in
fp32, losses within 1e-4; with --precision bf16 ours is in mixed precision, mmdet's
in fp32 (it has no other on a CPU), losses within 5%. On a GPU 16 of 800 x 1344 in
mixed precision, ours in bfloat16 and mmdet's as its --amp, losses within 5%. The
rate is 0, so that every step does the same.
"""
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence

import peers
import torch
from harness.boxes import coco_like_batch
from harness.case import Case
from harness.same import same_losses
from mmdet.structures import DetDataSample
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import Registry
from mmengine.structures import InstanceData
from torch import Tensor, nn

from fcos_mm.engine.guards.optim_wrapper import MeasuredStep
from fcos_mm.registry import OPTIM_WRAPPERS
from fcos_mm.speed.compiled import compile_network
from fcos_mm.speed.fast_training import to_channels_last

BOXES = 7  # of each image; COCO has 7.3 on average
#: Images of a batch, their height and width.
BATCH = dict(cpu=(2, (400, 672)), cuda=(16, (800, 1344)))


def cases(*, device: str, against: Sequence[str], precision: str = 'fp32') -> Iterator[Case]:
    """Yield channels-last training, and compiled where there is a compiler and a GPU."""
    ways = {'channels last': False}
    if device == 'cuda' and any(map(shutil.which, ('gcc', 'cc', 'clang'))):
        ways['compiled'] = True
    for name, compiled in ways.items():
        yield case(name, compiled, device, against, precision)


def case(name: str, compiled: bool, device: str, against: Sequence[str],
         precision: str = 'fp32') -> Case:
    """Build the case of one way to train."""
    images, size = BATCH[device]
    ours, theirs = (model.train() for model in peers.build_detectors(device))
    to_channels_last(ours)
    if compiled:
        compile_network(ours)
    fp32 = dict(type='OptimWrapper')
    fast = dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(enabled=False))
    amp = dict(type='AmpOptimWrapper', loss_scale='dynamic')
    data = batch(images, size, device)
    runs = {}
    if 'mmdet' in against:
        runs['mmdet'] = training(
            theirs, data, MMENGINE_OPTIM_WRAPPERS, amp if device == 'cuda' else fp32, fused=False)
    mixed = device == 'cuda' or precision == 'bf16'
    return Case(
        f'batch {images}, {size[0]} x {size[1]}, {"mixed precision" if mixed else "fp32"}, {name}',
        ours=training(
            ours, data, OPTIM_WRAPPERS, fast if mixed else fp32, fused=device == 'cuda'),
        peers=runs,
        same=lambda a, b: same_losses(a, b, rtol=0.05 if mixed else 1e-4),
        columns=dict(images=images))


def batch(images: int, size: tuple[int, int], device: str) -> dict:
    """A batch as a data loader gives it, but already where the model is."""
    pixels = torch.randint(256, (images, 3, *size), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0)).to(device)
    samples = []
    for truth in coco_like_batch([BOXES] * images, size, device):
        sample = DetDataSample(
            metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1., 1.)))
        sample.gt_instances = truth
        sample.ignored_instances = InstanceData(
            bboxes=truth.bboxes[:0], labels=truth.labels[:0])
        samples.append(sample)
    return dict(inputs=list(pixels), data_samples=samples)


def training(model: nn.Module, data: dict, registry: Registry, wrapper: Mapping,
             fused: bool) -> Callable[[], dict[str, Tensor]]:
    """Return a function that makes a step and returns the losses."""
    optimizer = torch.optim.SGD(
        [parameter for parameter in model.parameters() if parameter.requires_grad], lr=0.,
        momentum=0.9, weight_decay=1e-4, fused=fused)
    wrapper = registry.build(dict(wrapper, optimizer=optimizer))
    guarded = isinstance(wrapper, MeasuredStep)
    if guarded:
        wrapper.refuse = True

    def step() -> dict[str, Tensor]:
        losses = model.train_step(data, wrapper)
        if guarded:
            wrapper.settle()
        return {name: value.detach().float() for name, value in losses.items()}

    return step
