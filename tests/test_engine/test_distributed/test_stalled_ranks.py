"""Which rank the others wait for, and where it is."""
import sys

import torch
from torch import nn

from fcos_mm.engine import OptimWrapper
from fcos_mm.engine.distributed.stalled_ranks import Heartbeat, place_of, stalled, verdict, waits


def beat(rank, step=7, *, age=50., limit=40., waiting=False, silent=0., silence_limit=40.):
    return Heartbeat(rank=rank, machine='node1', pid=100 + rank, step=step, phase='train step',
                     age=age, limit=limit, silence_limit=silence_limit, waiting=waiting,
                     place='file.py:3 (f)', silent=silent)


def ranks(beats):
    return [beat.rank for beat in stalled(beats)]


def test_rank_at_fault():
    # all within their time
    assert ranks([beat(0, age=30), beat(1, age=30)]) == []
    # 0 waits in a collective of the same batch
    assert ranks([beat(0, waiting=True), beat(1)]) == [1]
    # 0 has begun the next batch already, which takes too long as 1 does not come
    assert ranks([beat(0, step=8), beat(1, age=41)]) == [1]
    # 1 is behind and saves a checkpoint, for which it has time
    assert ranks([beat(0, step=8), beat(1, limit=1800)]) == []
    # the same in one batch: who waits for the one that saves is not at fault
    assert ranks([beat(0, limit=1800), beat(1, waiting=True)]) == []
    # all wait, for different things
    assert ranks([beat(0, waiting=True), beat(1, waiting=True)]) == [0, 1]
    # two of four
    assert ranks([beat(0, waiting=True), beat(1), beat(2, waiting=True), beat(3)]) == [1, 3]


def test_silence():
    # its last words were that it waits; that may have changed
    assert ranks([beat(0, waiting=True), beat(1, waiting=True, age=1, silent=45)]) == [1]
    # a little late
    assert ranks([beat(0, age=1), beat(1, age=1, silent=3)]) == []
    # evaluation does not let Python speak: the limit of its phase holds
    assert ranks([beat(0, waiting=True),
                  beat(1, age=1, silent=50, limit=1800, silence_limit=1800)]) == []
    # its limit is not known yet, but it must be heard
    assert ranks([beat(0, waiting=True), beat(1, age=1, silent=41, limit=1800)]) == [1]


def test_verdict_names_rank_machine_process_and_place():
    text = verdict([beat(1)])
    assert text.startswith(
        'error: rank 1 (node1, process 101) stalls: 50 s in train step of batch 7, at')
    assert 'at file.py:3 (f)' in text and 'default_hooks.watchdog.stall_seconds' in text
    assert 'no heartbeat for 45 s' in verdict([beat(1, silent=45)])
    both = [beat(0, waiting=True), beat(1, waiting=True)]
    assert 'All ranks wait for each other' in verdict(both)
    assert 'All ranks wait' not in verdict([beat(0), beat(1, waiting=True)])


def frame_in(path, function='f'):
    """The frame of a function of that name in a file of that path."""
    names = dict(get=lambda: sys._getframe(1))
    exec(compile(f'def {function}():\n    return get()', path, 'exec'), names)
    return names[function]()


class Norm:
    """A gradient's norm that is not there yet: tells whether its reader is seen to wait."""

    def __init__(self):
        self.seen = []

    def __float__(self):
        self.seen.append(waits(sys._getframe(1)))
        return 1.


def test_reading_the_norm_of_the_gradient_waits(monkeypatch):
    """On a GPU a rank waits there for the gradients of the others."""
    norm, parameter = Norm(), nn.Parameter(torch.ones(1))
    wrapper = OptimWrapper(torch.optim.SGD([parameter], lr=0.1))
    wrapper.refuse = True
    monkeypatch.setattr('fcos_mm.engine.guards.optim_wrapper.get_total_norm', lambda _: norm)
    wrapper.update_params(parameter.sum())
    assert norm.seen == [True]  # before the step
    assert wrapper.settle() and all(norm.seen)


def test_code_that_waits():
    assert waits(frame_in('/env/torch/distributed/distributed_c10d.py'))
    assert waits(frame_in('/env/torch/autograd/graph.py', '_engine_run_backward'))
    assert waits(frame_in('/env/torch/cuda/streams.py'))
    assert not waits(frame_in('/env/torch/nn/functional.py'))
    assert place_of(frame_in('/x/user.py', 'load')) == '/x/user.py:2 (load)'
