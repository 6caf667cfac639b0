"""A whole training step of a config as it is shipped, from the batch to the optimizer's step."""
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import OPTIM_WRAPPERS, DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.registry import MODELS


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    images = [torch.randint(256, (3, 48, 64), dtype=torch.uint8, generator=generator)
              for _ in range(2)]
    samples = []
    for boxes in ([[5., 5, 30, 30], [10, 12, 50, 40]], []):
        sample = DetDataSample(metainfo=dict(
            img_shape=(48, 64), ori_shape=(48, 64), scale_factor=(1., 1.)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.zeros(len(boxes)).long())
        sample.ignored_instances = InstanceData(
            bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
        samples.append(sample)
    return dict(inputs=images, data_samples=samples)


@pytest.mark.parametrize('clip', [None, dict(max_norm=1)])
@pytest.mark.parametrize('convention', ['continuous', 'pixel'])
def test_nothing_waits_for_the_device(tiny_config, no_waiting, monkeypatch, clip, convention):
    """With a fused optimizer, from its second step on: the first one is looked at before."""
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        config = Config.fromfile(tiny_config).model
        config.data_preprocessor.bgr_to_rgb = True
        config.bbox_head.box_convention = convention
        model = MODELS.build(config).train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
        wrapper = OPTIM_WRAPPERS.build(
            dict(type='OptimWrapper', optimizer=optimizer, clip_grad=clip))
    wrapper.refuse = True
    # mmengine's reads the sizes of the images from a tensor, which is on the CPU.
    monkeypatch.setattr('mmengine.model.base_model.data_preprocessor.stack_batch',
                        lambda images, *_: torch.stack(images))
    model.train_step(batch(0), wrapper)
    with no_waiting():
        model.train_step(batch(1), wrapper)
    assert wrapper.settle()
