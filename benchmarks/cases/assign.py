"""The target of every location, from lists of boxes (against get_targets, compute_loss).

Ours pads the boxes and assigns, as in ``loss_by_feat``; mmdet's is
``FCOSHead.get_targets``. Neither pays for the locations, which are made before.

torchvision's assignment is a part of ``FCOS.compute_loss``, which is run with a
head that only hands the matches back, so its gathering of labels and boxes is not
in its time, while it is in ours. Its rules differ from mmdet's: locations are the
corners of cells, the bounds do not belong to a range, and it always samples
centers. Ours follows them by its options. It also compares areas as
``1e8 - area`` in float32, which takes areas less than 8 apart for equal. The boxes
of that case lie on a grid of 4 pixels, where areas differ by 16 or not at all.
"""
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import peers
import torch
from harness.boxes import coco_like_batch, feature_sizes
from harness.case import Case
from harness.same import equal
from torch import Tensor

from fcos_mm.models import (
    FCOSAssigner,
    LocationGenerator,
    Locations,
    Targets,
    pad_ground_truth,
)

IMAGES = 4
SIZE = (800, 1333)  # height, width; padded to 800 x 1344
BOXES = (7, 50, 300, 500)
RADII = (None, 1.5)
STRIDES = (8, 16, 32, 64, 128)
NUM_CLASSES = 80

#: For plots: boxes an image, and how many a peer is still asked for.
SWEEP_BOXES = (1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 1000, 2000)
BEARABLE = 500
SWEEP_SIZES = ((400, 667), (560, 933), (800, 1333), (1120, 1867), (1600, 2667))
BOXES_OF_SIZES = 50


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the cases of the table."""
    for radius in RADII:
        for boxes in BOXES:
            yield case(boxes, SIZE, radius, device, against)
    if 'torchvision' in against:
        for boxes in BOXES:
            yield torchvision_case(boxes, device)


def sweep(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield cases over boxes an image and over image sizes, for ``plot.py``."""
    for radius in RADII:
        for boxes in SWEEP_BOXES:
            yield case(boxes, SIZE, radius, device, against if boxes <= BEARABLE else (),
                       axis='boxes')
        for size in SWEEP_SIZES:
            yield case(BOXES_OF_SIZES, size, radius, device, against, axis='size')


def case(boxes: int, size: tuple[int, int], radius: float | None, device: str,
         against: Sequence[str], axis: str | None = None) -> Case:
    """Build the case of one number of boxes, against mmdet."""
    truth = coco_like_batch([boxes] * IMAGES, size, device)
    sizes = feature_sizes(size)
    locations = LocationGenerator(STRIDES, offset='half')(sizes, device)
    assigner = FCOSAssigner(center_sampling_radius=radius)
    runs = {}
    if 'mmdet' in against:
        _, head = peers.build_heads(device, center_sampling=radius is not None)
        points = head.prior_generator.grid_priors(sizes, device=device)
        runs['mmdet'] = lambda: head.get_targets(points, truth)
    sampling = f'center sampling {radius}' if radius else 'no center sampling'
    columns = dict(boxes=boxes, images=IMAGES, height=size[0], width=size[1],
                   locations=len(locations.points), radius=radius)
    if axis:
        columns['axis'] = axis
    where = '' if size == SIZE else f', {size[0]}x{size[1]}'
    return Case(
        f'{boxes} boxes, {sampling}{where}',
        ours=lambda: assigner.assign(locations, pad_ground_truth(truth), NUM_CLASSES),
        peers=runs,
        same=lambda ours, theirs: same_targets(ours, theirs, locations),
        columns=columns)


def same_targets(ours: Targets, theirs: tuple[list[Tensor], list[Tensor]],
                 locations: Locations) -> str:
    """Compare labels, and distances at positives, with those of mmdet's get_targets."""
    images = len(ours.labels)
    labels, distances = (
        torch.cat([level.unflatten(0, (images, -1)) for level in levels], dim=1)
        for levels in theirs)  # (B, P), (B, P, 4)
    positive = ours.positive
    return (equal('labels', ours.labels, labels)
            or equal('distances at positives', ours.distances[positive], distances[positive]))


def torchvision_case(boxes: int, device: str) -> Case:
    """Build the case of one number of boxes under torchvision's rules."""
    truth = coco_like_batch([boxes] * IMAGES, SIZE, device, grid=4)
    locations = LocationGenerator(STRIDES, offset='zero')(feature_sizes(SIZE), device)
    assigner = FCOSAssigner(range_bounds='strict', center_sampling_radius=1.5)
    return Case(
        f"{boxes} boxes, center sampling 1.5, torchvision's rules",
        ours=lambda: assigner.assign(locations, pad_ground_truth(truth), NUM_CLASSES),
        peers=dict(torchvision=torchvision_matcher(truth, locations)),
        same=lambda ours, matches: equal('matches', ours.gt_index, torch.stack(matches)),
        columns=dict(boxes=boxes, images=IMAGES, height=SIZE[0], width=SIZE[1],
                     locations=len(locations.points), radius=1.5))


def torchvision_matcher(truth: Sequence, locations: Locations) -> Callable[[], list[Tensor]]:
    """The part of torchvision's ``compute_loss`` that finds each location's box."""
    from torchvision.models.detection import FCOS
    head = SimpleNamespace(compute_loss=lambda targets, outputs, anchors, matches: matches)
    model = SimpleNamespace(center_sampling_radius=1.5, head=head)
    half = locations.strides[:, None] / 2
    anchors = [torch.cat([locations.points - half, locations.points + half], dim=1)] * len(truth)
    targets = [dict(boxes=gt.bboxes, labels=gt.labels) for gt in truth]
    return lambda: FCOS.compute_loss(model, targets, {}, anchors, list(locations.counts))
