"""Many processes and one give the same gradients, whatever their images hold."""
import fcos_mm  # noqa: F401  isort: skip
import sys

import pytest
import torch
import torch.distributed as dist
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from fcos_mm.compat.distributed import leave_group
from fcos_mm.engine import OptimWrapper
from fcos_mm.registry import MODELS
from tests.forked import Forked

# Location (4, 4) of stride 8 lies in the first boxes; the third image's box lies between locations.
BOXES = ([[2., 2., 30., 40.], [20., 10., 60., 44.]], [], [[13., 13., 15., 15.]],
         [[8., 4., 50., 30.]])
POSITIVES = [True, False, False, True]

#: The images of each rank, by the number of processes.
SHARES = {2: ((0, 3), (1, 2)), 4: ((0, ), (1, ), (2, ), (3, ))}
BBOX_WEIGHTS = ('none', 'centerness')


def maker(config):
    """A function that builds the tiny detector, always the same, with batch norm frozen."""
    cfg = Config.fromfile(config)
    cfg.model.backbone.norm_eval = True

    def make(bbox_weight='none'):
        torch.manual_seed(0)
        cfg.model.bbox_head.loss = dict(type='fcos_mm.FCOSLoss', bbox_weight=bbox_weight)
        with DefaultScope.overwrite_default_scope('fcos_mm'):
            model = MODELS.build(cfg.model)
        model.init_weights()
        return model.train()

    return make


@pytest.fixture(scope='module')
def build(tiny_config):
    return maker(tiny_config)


def batch(images):
    """Pictures of noise and their boxes."""
    noise = torch.randn(4, 3, 48, 64, generator=torch.Generator().manual_seed(1))
    samples = []
    for image in images:
        boxes = torch.tensor(BOXES[image]).reshape(-1, 4)
        sample = DetDataSample(metainfo=dict(img_shape=(48, 64), batch_input_shape=(48, 64)))
        sample.gt_instances = InstanceData(
            bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
        samples.append(sample)
    return noise[list(images)], samples


def loss_of(model: nn.Module, images):
    losses = model(*batch(images), mode='loss')
    return sum(value for name, value in losses.items() if name.startswith('loss'))


def gradient(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()
                      if parameter.grad is not None])


def work(rank, processes, config, folder):
    """Save the gradients of a rank's share, by the weight of the box loss."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank,
                            world_size=processes)
    for bbox_weight in BBOX_WEIGHTS:
        model = maker(config)(bbox_weight)
        wrapped = DistributedDataParallel(model)  # must live until its hooks have run
        loss_of(wrapped, SHARES[processes][rank]).backward()
        torch.save(gradient(model), f'{folder}/{bbox_weight}_{rank}.pt')
    dist.barrier()
    leave_group()


def test_the_images_hold_what_the_test_is_about(build):
    model = build()
    for image, positive in enumerate(POSITIVES):
        losses = model(*batch([image]), mode='loss')
        assert (losses['loss_bbox'].item() > 0) is positive


@pytest.mark.parametrize('processes', SHARES)
def test_ranks_equal_one_process(processes, build, tiny_config, tmp_path):
    """Of two ranks the second has no positive; of four one has no box, one no positive."""
    ranks = [Forked(__file__, rank, processes, tiny_config, tmp_path)
             for rank in range(processes)]
    ends = [rank.finish() for rank in ranks]
    assert [end.status for end in ends] == [0] * processes, ends

    for bbox_weight in BBOX_WEIGHTS:
        model = build(bbox_weight)
        loss_of(model, [image for share in SHARES[processes] for image in share]).backward()
        expected = gradient(model)
        for rank in range(processes):
            found = torch.load(tmp_path / f'{bbox_weight}_{rank}.pt')
            assert (found - expected).norm() <= 1e-5 * expected.norm()


def accumulated(model, shares):
    """The gradient with which the step after so many batches is made."""
    found = []

    class Stop(torch.optim.SGD):
        def step(self):
            found.append(gradient(model).clone())

    wrapper = OptimWrapper(Stop(model.parameters(), lr=0.1), accumulative_counts=len(shares))
    wrapper.initialize_count_status(model, 0, len(shares))
    for share in shares:
        with wrapper.optim_context(model):
            loss = loss_of(model, share)
        wrapper.update_params(loss)
    step, = found
    return step


def test_accumulation_equals_the_larger_batch_where_positives_are_as_many(build):
    """Twice the same images: N_pos of each batch is half of the larger batch's."""
    model = build()
    loss_of(model, [0, 1, 0, 1]).backward()
    expected = gradient(model)
    found = accumulated(build(), [(0, 1), (0, 1)])
    assert (found - expected).norm() <= 1e-5 * expected.norm()


def test_accumulation_is_the_mean_of_batches_with_their_own_positives(build):
    """What docs/scale.md says of other batches: N_pos is not summed over them."""
    means = []
    for share in ((0, ), (3, )):
        model = build()
        loss_of(model, share).backward()
        means.append(gradient(model))
    expected = (means[0] + means[1]) / 2
    found = accumulated(build(), [(0, ), (3, )])
    assert (found - expected).norm() <= 1e-5 * expected.norm()
    model = build()
    loss_of(model, (0, 3)).backward()
    assert (found - gradient(model)).norm() > 1e-3 * expected.norm()


if __name__ == '__main__':
    work(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
