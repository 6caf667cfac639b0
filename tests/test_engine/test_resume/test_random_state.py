"""RNG states are restored from a checkpoint."""
import random

import numpy as np
import pytest
import torch

from fcos_mm.engine.resume import random_state
from fcos_mm.engine.resume.random_state import random_states, set_random_state


def draw():
    return random.gauss(0, 1), np.random.standard_normal(3).tolist(), torch.randn(3).tolist()


def test_through_a_file(tmp_path):
    draw()  # the normal distributions have a number in store now
    torch.save(random_states(), tmp_path / 'states.pth')
    expected = draw()
    draw()
    assert set_random_state(torch.load(tmp_path / 'states.pth', weights_only=True))
    assert draw() == expected


def test_every_rank_has_its_own(monkeypatch):
    draw()
    first = random_states()
    expected = draw()
    second = random_states()
    assert draw() != expected
    monkeypatch.setattr(random_state, 'get_rank', lambda: 1)
    set_random_state(second + first)
    assert draw() == expected


def test_a_rank_that_was_not_there(monkeypatch):
    monkeypatch.setattr(random_state, 'get_rank', lambda: 1)
    states = random_states()
    before = torch.get_rng_state()
    assert not set_random_state(states)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_on_a_gpu():
    states = random_states()
    expected = torch.rand(3, device='cuda')
    set_random_state(states)
    assert torch.equal(torch.rand(3, device='cuda'), expected)
