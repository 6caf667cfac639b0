"""Boxes of every size and place, and features of every magnitude, through the head."""
from pathlib import Path

import torch
from fuzz_tools import outcome
from hypothesis import strategies as st
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSHead

HEIGHT, WIDTH = 96, 128
STRIDES = (8, 16, 32, 64, 128)
NUMBERS = (-1e9, -1e4, -1.0, 0.0, 1e-30, 1e-3, 0.5, 4.0, 12.0, 31.999998, 32.0, 64.0, 95.9, 96.0,
           128.0, 512.0, 1e4, 1e9)
SETTINGS = (
    {}, dict(box_convention='pixel', location_offset='half'),
    dict(regression='relu', assigner=dict(type='fcos_mm.FCOSAssigner', center_sampling_radius=1.5)),
    dict(assigner=dict(type='fcos_mm.FCOSAssigner', crowd='mask', range_bounds='strict'),
         loss=dict(type='fcos_mm.FCOSLoss', bbox_weight='centerness',
                   loss_bbox=dict(type='mmdet.GIoULoss'))))


def cases() -> st.SearchStrategy:
    """Settings of the head, boxes of two images, and the size of the features' numbers."""
    number = st.sampled_from(NUMBERS) | st.floats(-200, 200, width=32)
    box = st.tuples(number, number, number, number, st.integers(0, 2), st.booleans())
    return st.tuples(st.sampled_from(range(len(SETTINGS))),
                     st.lists(st.lists(box, max_size=5), min_size=2, max_size=2),
                     st.sampled_from([0.0, 1e-3, 1.0, 100.0, 1e6]), st.integers(0, 5))


def check(case: tuple, folder: Path) -> str:
    """Losses and gradients are finite; detections lie in the image.

    Args:
        case: Of :func:`cases`.
        folder: Not used.
    """
    setting, images, size, seed = case
    torch.manual_seed(seed)
    head = FCOSHead(
        num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1, strides=STRIDES,
        norm_cfg=dict(type='GN', num_groups=4), test_cfg=dict(
            nms_pre=100, score_thr=0.05, min_bbox_size=0, max_per_img=20,
            nms=dict(type='nms', iou_threshold=0.5)), **SETTINGS[setting])
    features = [size * torch.randn(2, 8, -(-HEIGHT // stride), -(-WIDTH // stride))
                for stride in STRIDES]
    samples = [_sample(boxes) for boxes in images]
    _, said = outcome(lambda: _train(head, features, samples), 'loss')
    outcome(lambda: _predict(head, features, samples), 'detections')
    return said


def _train(head: FCOSHead, features: list, samples: list) -> None:
    losses = head.loss(features, samples)
    total = sum(losses.values())
    total.backward()
    assert all(value.isfinite() and value >= 0 for value in losses.values()), losses
    for name, parameter in head.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), f'gradient of {name}'


def _predict(head: FCOSHead, features: list, samples: list) -> None:
    limit = torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT])
    with torch.no_grad():
        for found in head.eval().predict(features, samples):
            assert found.bboxes.isfinite().all() and found.scores.isfinite().all()
            assert (found.bboxes >= 0).all() and (found.bboxes <= limit).all()
            assert ((found.scores >= 0) & (found.scores <= 1)).all()


def _sample(boxes: list) -> DetDataSample:
    """An image's boxes; those marked are crowds. Corners are put in order."""
    rows = [[min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]
            for x0, y0, x1, y1, _, _ in boxes]
    rows = torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([box[4] for box in boxes], dtype=torch.long)
    crowd = torch.tensor([box[5] for box in boxes], dtype=torch.bool)
    sample = DetDataSample(metainfo=dict(
        img_shape=(HEIGHT, WIDTH), ori_shape=(HEIGHT, WIDTH), scale_factor=(1.0, 1.0),
        batch_input_shape=(HEIGHT, WIDTH)))
    sample.gt_instances = InstanceData(bboxes=rows[~crowd], labels=labels[~crowd])
    sample.ignored_instances = InstanceData(bboxes=rows[crowd], labels=labels[crowd])
    return sample
