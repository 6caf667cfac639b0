"""The data preprocessor gives what mmdet's gives."""
import pytest
import torch
from mmdet.models import DetDataPreprocessor as MMDetDetDataPreprocessor
from mmdet.structures import DetDataSample

from fcos_mm.models import DetDataPreprocessor


def batch():
    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(256, (3, height, width), dtype=torch.uint8, generator=generator)
              for height, width in ((20, 31), (33, 16))]
    samples = [DetDataSample(metainfo=dict(img_shape=tuple(image.shape[1:]))) for image in images]
    return dict(inputs=images, data_samples=samples)


@pytest.mark.parametrize('swap', [dict(), dict(bgr_to_rgb=True), dict(rgb_to_bgr=True)])
@pytest.mark.parametrize('stacked', [False, True])
def test_pixels_and_sizes_are_mmdets(swap, stacked):
    options = dict(mean=[1., 2., 3.], std=[4., 5., 6.], pad_size_divisor=32, **swap)
    results = []
    for kind in (DetDataPreprocessor, MMDetDetDataPreprocessor):
        data = batch()
        if stacked:
            data = dict(inputs=torch.stack([image[:, :16, :16] for image in data['inputs']]),
                        data_samples=data['data_samples'])
        results.append(kind(**options)(data, training=True))
    ours, theirs = results
    assert torch.equal(ours['inputs'], theirs['inputs'])
    assert [sample.pad_shape for sample in ours['data_samples']] == [
        sample.pad_shape for sample in theirs['data_samples']]


def test_the_batch_given_stays_as_it_is():
    data = batch()
    first = data['inputs'][0].clone()
    DetDataPreprocessor(bgr_to_rgb=True)(data)
    assert torch.equal(data['inputs'][0], first)


class PadsWithoutANote(torch.nn.Module):
    """A user's batch augmentation."""

    def forward(self, inputs, data_samples):
        """Add eight columns."""
        return torch.nn.functional.pad(inputs, (0, 8)), data_samples


def test_samples_know_the_size_of_the_input():
    preprocessor = DetDataPreprocessor()
    preprocessor.batch_augments = [PadsWithoutANote()]
    done = preprocessor(batch(), training=True)
    assert {sample.batch_input_shape for sample in done['data_samples']} == {
        tuple(done['inputs'].shape[2:])}


def test_channels_are_swapped_without_waiting_for_the_device(no_waiting, monkeypatch):
    # mmengine's reads the sizes of the images from a tensor, which is on the CPU.
    monkeypatch.setattr('mmengine.model.base_model.data_preprocessor.stack_batch',
                        lambda images, *_: torch.stack([image[:, :16, :16] for image in images]))
    preprocessor = DetDataPreprocessor(mean=[1.] * 3, std=[2.] * 3, bgr_to_rgb=True)
    with no_waiting():
        preprocessor(batch(), training=True)
