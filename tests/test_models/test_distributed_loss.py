"""Positives are counted over all ranks, by one all-reduce that every rank runs."""
import sys

import torch
import torch.distributed as dist
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSHead
from tests.forked import Forked

WORLD = 2


def head_and_batch():
    """A small head, features of two images, boxes on the first image only."""
    torch.manual_seed(0)
    head = FCOSHead(
        num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1, strides=(8, ),
        norm_cfg=dict(type='GN', num_groups=2),
        assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, None), )),
        loss=dict(type='fcos_mm.FCOSLoss', bbox_weight='centerness'))
    boxes = [torch.tensor([[5., 5, 40, 50], [20., 10, 60, 60]]), torch.zeros(0, 4)]
    truth = [InstanceData(bboxes=b, labels=torch.zeros(len(b)).long()) for b in boxes]
    return head, torch.randn(2, 8, 8, 8), truth


def losses_of(head, feats, truth):
    losses = head.loss_by_feat(*head([feats]), truth, [{}] * len(truth))
    sum(losses.values()).backward()
    gradient = torch.cat([p.grad.flatten() for p in head.parameters()])
    return {name: loss.item() for name, loss in losses.items()}, gradient


def worker(rank, folder):
    """Compute the loss of one image on each rank."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank,
                            world_size=WORLD)
    calls, all_reduce = [], dist.all_reduce

    def counted(*args, **kwargs):
        calls.append(1)
        return all_reduce(*args, **kwargs)

    dist.all_reduce = counted
    head, feats, truth = head_and_batch()
    losses, gradient = losses_of(head, feats[rank:rank + 1], truth[rank:rank + 1])
    torch.save((losses, gradient, len(calls)), f'{folder}/rank{rank}.pt')
    dist.destroy_process_group()


def test_two_ranks_equal_one_process(tmp_path):
    started = [Forked(__file__, rank, tmp_path) for rank in range(WORLD)]
    ends = [process.finish() for process in started]
    assert [end.status for end in ends] == [0] * WORLD, ends
    ranks = [torch.load(tmp_path / f'rank{rank}.pt') for rank in range(WORLD)]
    losses, gradient = losses_of(*head_and_batch())
    assert [calls for *_, calls in ranks] == [1, 1]
    assert ranks[1][0]['loss_bbox'] == 0  # no box on the second rank
    for name, loss in losses.items():
        mean = sum(rank[0][name] for rank in ranks) / WORLD
        assert abs(mean - loss) <= 1e-5 * abs(loss), name
    mean = sum(rank[1] for rank in ranks) / WORLD
    assert (mean - gradient).norm() <= 1e-5 * gradient.norm()


if __name__ == '__main__':
    worker(int(sys.argv[1]), sys.argv[2])
