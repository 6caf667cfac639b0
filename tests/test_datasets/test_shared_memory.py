"""One copy for all ranks of a machine: loaded once, mapped by all, no file left."""
import os
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp
from torch import distributed

from fcos_mm.datasets import shared_memory
from fcos_mm.datasets.shared_memory import share_between_ranks

RANKS = 3


def work(rank, folder, queue, folders):
    torch.set_num_threads(1)
    distributed.init_process_group('gloo', init_method=f'file://{folder}/meeting', rank=rank,
                                   world_size=RANKS)
    shared_memory.FOLDERS = folders
    shared_memory.socket.gethostname = lambda: 'first' if rank < 2 else 'second'
    calls = []

    def load():
        calls.append(rank)
        return dict(values=torch.arange(100000), names={2: 'cup'})

    content = share_between_ranks(load)
    shared = content['values']
    if rank == 0:
        shared[0] = 7  # changes nobody else's
    mapped = any('fcos_mm-' in line for line in Path('/proc/self/maps').read_text().splitlines())
    distributed.barrier()
    queue.put((rank, calls, content['names'], int(shared[0]), int(shared[-1]), mapped))
    distributed.barrier()
    distributed.destroy_process_group()


@pytest.mark.parametrize('room', [True, False])
def test_ranks_of_a_machine_share(tmp_path, room):
    """Ranks 0 and 1 are on one machine, rank 2 on another."""
    folder = tmp_path / 'shared'
    folders = (str(tmp_path / 'missing'), *([str(folder)] if room else []))
    folder.mkdir()
    context = mp.get_context('fork')
    queue = context.Queue()
    ranks = [context.Process(target=work, args=(rank, tmp_path, queue, folders))
             for rank in range(RANKS)]
    for rank in ranks:
        rank.start()
    found = sorted(queue.get(timeout=60) for _ in ranks)
    for rank in ranks:
        rank.join(60)
    assert found == [(rank, [] if room and rank == 1 else [rank], {2: 'cup'},
                      0 if rank else 7, 99999, room) for rank in range(RANKS)]
    assert os.listdir(folder) == []
