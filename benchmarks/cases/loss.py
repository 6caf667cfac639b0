"""The loss, targets included, forward and backward (against mmdet's loss_by_feat).

Both heads get the same maps and the same lists of boxes; the backward pass ends
at the maps. Losses must agree within 1e-5 of their value, gradients within 1e-3 of
theirs or 1e-5 of the largest.
"""
from collections.abc import Callable, Iterator, Mapping, Sequence

import peers
import torch
from harness.boxes import coco_like_batch
from harness.case import Case, NotAvailable
from harness.maps import Maps, untrained_maps
from harness.same import close, same_losses
from torch import Tensor, nn

from fcos_mm.errors import UserError
from fcos_mm.speed.compiled import compile_losses

IMAGES = 4
SIZE = (800, 1333)  # height, width; padded to 800 x 1344
BOXES = (7, 50, 300)

#: Ways to run our loss: name -> a function from the head to what is called.
VARIANTS: Mapping[str, Callable[[nn.Module], Callable]] = {
    'eager': lambda head: head.loss_by_feat,
    'compiled': lambda head: compiled(head),
}


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield every variant with every number of boxes."""
    for variant in VARIANTS:
        for boxes in BOXES:
            yield case(boxes, variant, device, against)


def compiled(head: nn.Module) -> Callable:
    """Compile everything behind the targets.

    Raises:
        NotAvailable: if there is no compiler.
    """
    try:
        compile_losses(nn.ModuleDict(dict(backbone=nn.Identity(), bbox_head=head)))
    except UserError as error:
        raise NotAvailable(str(error)) from error
    return head.loss_by_feat


def case(boxes: int, variant: str, device: str, against: Sequence[str]) -> Case:
    """Build the case of one number of boxes and one variant of ours."""
    ours, theirs = peers.build_heads(device)
    maps = untrained_maps(IMAGES, SIZE, device, requires_grad=True)
    truth = coco_like_batch([boxes] * IMAGES, SIZE, device)
    metas = [dict(img_shape=SIZE, scale_factor=(1., 1.))] * IMAGES
    loss = VARIANTS[variant](ours)
    runs = {}
    if 'mmdet' in against:
        runs['mmdet'] = lambda: forward_and_backward(theirs.loss_by_feat, maps, truth, metas)
    return Case(
        f'{boxes} boxes, {variant}',
        ours=lambda: forward_and_backward(loss, maps, truth, metas),
        peers=runs,
        same=same_losses_and_gradients,
        columns=dict(boxes=boxes, images=IMAGES, variant=variant))


def forward_and_backward(loss_by_feat: Callable, maps: Maps, truth: Sequence,
                         metas: Sequence[dict]) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Return the losses and the gradients at every map."""
    losses = loss_by_feat(*maps, truth, metas)
    inputs = [level for levels in maps for level in levels]
    gradients = torch.autograd.grad(sum(losses.values()), inputs)
    return {name: loss.detach() for name, loss in losses.items()}, list(gradients)


def same_losses_and_gradients(ours: tuple, theirs: tuple) -> str:
    """Compare losses by name, then gradients map by map."""
    if difference := same_losses(ours[0], theirs[0]):
        return difference
    for index, (here, there) in enumerate(zip(ours[1], theirs[1], strict=True)):
        difference = close(f'gradient of map {index}', here, there, rtol=1e-3, atol=1e-5)
        if difference:
            return difference
    return ''
