"""How many workers there are."""
import pytest

from fcos_mm.apis.sharding.placing import Placing, place
from fcos_mm.errors import UserError

GIB = 2**30


@pytest.mark.parametrize('nodes, workers, on_gpu, expected', [
    ([(4, 0, 16)], None, None, Placing(workers=4, cpus=1)),
    ([(8, 0, 7)], None, None, Placing(workers=3, cpus=2)),  # memory for three
    ([(2, 0, 1)], None, None, Placing(workers=1, cpus=2)),
    ([(2, 0, 16)], 4, None, Placing(workers=4, cpus=.5)),
    ([(7, 0, 16)], 2, None, Placing(workers=2, cpus=3)),
    ([(4, 0, 16), (3, 0, 16)], 3, None, Placing(workers=3, cpus=2)),  # 2 + 1, not 3 times 7/3
    ([(8, 2, 64), (8, 1, 64)], None, None, Placing(workers=3, cpus=4, gpus=1)),
    ([(8, 1, 64)], 3, True, Placing(workers=3, cpus=2, gpus=.333)),
    ([(2, 2, 64)], 1, None, Placing(workers=1, cpus=2, gpus=1)),
    ([(2, 2, 64)], None, False, Placing(workers=2, cpus=1))])
def test_places(nodes, workers, on_gpu, expected):
    nodes = [dict(CPU=cpus, GPU=gpus, memory=memory * GIB) for cpus, gpus, memory in nodes]
    assert place(nodes, workers, on_gpu) == expected


@pytest.mark.parametrize('node, on_gpu, message', [
    (dict(CPU=2.), True, 'Ray has no GPU'), (dict(), None, 'Ray has no CPU')])
def test_nothing_to_run_on(node, on_gpu, message):
    with pytest.raises(UserError, match=message):
        place([node], None, on_gpu)


def test_words():
    assert str(Placing(workers=2, cpus=1)) == '2 workers with 1 CPU each'
    assert str(Placing(workers=1, cpus=4, gpus=.5)) == '1 worker with 0.5 GPU each'
    assert [Placing(workers=1, cpus=cpus).threads for cpus in (.5, 1, 3)] == [1, 1, 3]
