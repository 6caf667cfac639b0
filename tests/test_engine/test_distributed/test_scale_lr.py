"""The learning rate for the images of a step."""
import pytest
import torch

from fcos_mm.engine import OptimWrapper
from fcos_mm.engine.distributed import scale_lr
from fcos_mm.engine.distributed.scale_lr import scale_learning_rate


@pytest.mark.parametrize('processes, batch, accumulated, rate', [
    (8, 2, 1, 0.01),  # the 16 images it is meant for
    (4, 2, 1, 0.005),
    (4, 2, 2, 0.01),
    (1, 2, 1, 0.00125),
    (64, 4, 1, 0.16)])
def test_rate(processes, batch, accumulated, rate, monkeypatch):
    monkeypatch.setattr(scale_lr, 'get_world_size', lambda: processes)
    weight, bias = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = torch.optim.SGD([dict(params=[weight]), dict(params=[bias], lr=0.02)], lr=0.01)
    text = scale_learning_rate(
        OptimWrapper(optimizer, accumulative_counts=accumulated), batch, 16)
    assert [group['lr'] for group in optimizer.param_groups] == pytest.approx([rate, 2 * rate])
    assert f'A step has {processes * batch * accumulated} images: {processes} process(es)' in text
    assert f'it is now {2 * rate:g}.' in text and 'rate 0.02 is for 16' in text
    assert text.endswith('With --resume that of the checkpoint holds.')
