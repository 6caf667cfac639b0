"""From the head's maps to detections (against mmdet's predict_by_feat).

The scores are those of a trained detector: see ``harness.maps.trained_maps``.
Detections must be the same, in any order: scores within 1e-4, sides within a
thousandth of a pixel. Where mmcv came without its operators both run the NMS that
fcos_mm supplies.
"""
from collections.abc import Iterator, Sequence

import peers
import torch
from harness.case import Case
from harness.maps import pairs_above, trained_maps
from harness.same import same_detections

SIZE = (800, 1333)  # height, width; padded to 800 x 1344
OBJECTS = (3, 7, 7, 12)  # of each image; COCO has 7.3 on average
SCENES = {'quiet to busy': OBJECTS, 'busy': (25, 30, 35, 40)}


def cases(*, device: str, against: Sequence[str]) -> Iterator[Case]:
    """Yield the average batch, and one with many objects."""
    for name, objects in SCENES.items():
        yield case(name, objects, device, against)


def case(name: str, objects: Sequence[int], device: str, against: Sequence[str]) -> Case:
    """Build the case of a batch with these numbers of objects."""
    ours, theirs = peers.build_heads(device)
    maps = trained_maps(objects, SIZE, device)
    metas = [dict(img_shape=SIZE, ori_shape=SIZE, scale_factor=(1., 1.))] * len(objects)
    runs = {}
    if 'mmdet' in against:
        runs['mmdet'] = lambda: theirs.predict_by_feat(*maps, batch_img_metas=metas)
    pairs = round(pairs_above(maps, 0.05).float().mean().item())
    return Case(
        f'batch {len(objects)}, {name}, {pairs:,} pairs above 0.05 an image',
        ours=torch.no_grad()(lambda: ours.predict_by_feat(*maps, batch_img_metas=metas)),
        peers={peer: torch.no_grad()(run) for peer, run in runs.items()},
        same=same_detections,
        columns=dict(images=len(objects), objects=sum(objects), pairs=pairs))
