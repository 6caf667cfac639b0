"""Compare two results; describe how they differ."""
from collections.abc import Mapping, Sequence

import torch
from mmengine.structures import InstanceData
from torch import Tensor


def equal(name: str, ours: Tensor, theirs: Tensor) -> str:
    """Compare two tensors exactly.

    Args:
        name: what they are, in the plural.
        ours: one.
        theirs: the other.
    """
    if ours.shape != theirs.shape:
        return f'{name} of shape {tuple(ours.shape)} and {tuple(theirs.shape)}'
    wrong = (ours != theirs).sum().item()
    return f'{wrong:,} of {ours.numel():,} {name}' if wrong else ''


def close(name: str, ours: Tensor, theirs: Tensor, *, rtol: float, atol: float) -> str:
    """Compare two tensors within a tolerance.

    Args:
        name: what they are.
        ours: one.
        theirs: the other.
        rtol: tolerance relative to each value.
        atol: tolerance relative to the largest value.
    """
    if ours.shape != theirs.shape:
        return f'{name} of shape {tuple(ours.shape)} and {tuple(theirs.shape)}'
    if not theirs.numel():
        return ''
    allowed = rtol * theirs.abs() + atol * theirs.abs().max()
    difference = (ours - theirs).abs()
    if bool((difference <= allowed).all()):
        return ''
    return (f'{name} by {difference.max().item():.3g}, where the largest is '
            f'{theirs.abs().max().item():.3g}')


def same_losses(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], *,
                rtol: float = 1e-5) -> str:
    """Compare the losses of two heads by name; what else a head logs has no 'loss' in its name."""
    ours = {name: value for name, value in ours.items() if 'loss' in name}
    if set(ours) != set(theirs):
        return f'losses {sorted(ours)} and {sorted(theirs)}'
    differences = (close(name, ours[name], theirs[name], rtol=rtol, atol=0) for name in theirs)
    return next(filter(None, differences), '')


def same_detections(ours: Sequence[InstanceData], theirs: Sequence[InstanceData], *,
                    score_tolerance: float = 1e-4, box_tolerance: float = 1e-3) -> str:
    """Compare the detections of a batch, in any order.

    Every detection of one side must match its own one on the other side: the
    same label, nearly the same score and nearly the same box.

    Args:
        ours: ``bboxes``, ``scores`` and ``labels`` of each image.
        theirs: the same of the peer.
        score_tolerance: by which scores may differ.
        box_tolerance: by which sides may differ, in pixels.
    """
    if len(ours) != len(theirs):
        return f'{len(ours)} and {len(theirs)} images'
    for image, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        if len(here) != len(there):
            return f'image {image}: {len(here)} and {len(there)} detections'
        alike = ((here.labels[:, None] == there.labels)
                 & ((here.scores[:, None] - there.scores).abs() <= score_tolerance)
                 & ((here.bboxes[:, None] - there.bboxes).abs().amax(-1) <= box_tolerance))
        if lone := len(here) - _pairs(alike.cpu()):
            return f'image {image}: {lone} of {len(here)} detections have no match'
    return ''


def similar_detections(ours: Sequence[InstanceData], theirs: Sequence[InstanceData]) -> str:
    """Whether nine in ten detections of each side are on the other side too.

    For reduced precision: the same label, scores within 0.05, sides within 5% of the box's, and
    which of those near the threshold are there may differ.
    """
    for image, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        sides = (there.bboxes[:, 2:] - there.bboxes[:, :2]).amax(-1).clamp(min=20)
        alike = ((here.labels[:, None] == there.labels)
                 & ((here.scores[:, None] - there.scores).abs() <= 0.05)
                 & ((here.bboxes[:, None] - there.bboxes).abs().amax(-1) <= 0.05 * sides))
        found, most = _pairs(alike.cpu()), max(len(here), len(there))
        if found < 0.9 * most:
            return f'image {image}: {most - found} of {most} detections have no match'
    return ''


def _pairs(alike: Tensor) -> int:
    """How many rows get a column of their own, the nearest to the diagonal first."""
    free = torch.ones(alike.size(1), dtype=torch.bool)
    found = 0
    for row, candidates in enumerate(alike):
        columns = (candidates & free).nonzero()[:, 0]
        if len(columns):
            free[columns[(columns - row).abs().argmin()]] = False
            found += 1
    return found
