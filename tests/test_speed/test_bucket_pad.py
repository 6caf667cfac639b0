"""Batches padded to a few sizes."""
import pytest
import torch
from mmdet.structures import DetDataSample

from fcos_mm.speed import BatchBucketPad


@pytest.mark.parametrize('size, padded', [
    ((5, 9), (8, 12)),  # the smaller of two that hold it
    ((9, 5), (12, 8)),
    ((9, 9), (12, 12)),
    ((8, 12), (8, 12)),  # as it is
    ((13, 2), (13, 2)),  # in none
])
def test_smallest_bucket(size, padded):
    pad = BatchBucketPad(sizes=[(12, 12), (8, 12), (12, 8)], pad_value=7.)
    images, sample = torch.zeros(2, 3, *size), DetDataSample(
        metainfo=dict(batch_input_shape=size, img_shape=size))
    got, samples = pad(images, [sample])
    assert got.shape == (2, 3, *padded)
    assert torch.equal(got[..., :size[0], :size[1]], images)
    assert got.sum() == 7. * (got.numel() - images.numel())
    assert samples[0].batch_input_shape == padded and samples[0].img_shape == size


def test_no_bucket():
    with pytest.raises(ValueError, match='at least one bucket'):
        BatchBucketPad(sizes=[])
