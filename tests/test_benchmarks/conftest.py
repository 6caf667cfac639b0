"""The benchmarks are scripts: their folder is put on the path, as Python does for them."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'benchmarks'))


@pytest.fixture
def row():
    """Return a function that makes a row as a measurement does."""

    def make(**changes):
        facts = dict(device='cpu', hardware='one core', threads=1, python='3.11', torch='2.13',
                     cuda=None, packages={})
        return dict(dict(what='assign', case='some', ours_ms=2.0, peer='mmdet', peer_ms=8.0,
                         ratio=4.0, ratio_low=3.5, ratio_high=4.5, ours_best_ms=1.5,
                         peer_best_ms=7.5, ours_mem_mb=1.0,
                         peer_mem_mb=50.0, rounds=5, environment=facts), **changes)

    return make
