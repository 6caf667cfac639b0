"""Several processes without a GPU."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from fcos_mm.compat import distributed
from fcos_mm.compat.distributed import prepare_launch, set_cpu_wrapper
from fcos_mm.errors import UserError
from tests.forked import Ranks

ROOT = Path(__file__).resolve().parents[2]

# Sample i is (i, i) / 10. The sum of both processes' positions shows that
# they are one group; equal weights show that gradients were averaged.
SCRIPT = '''
import torch
from fcos_mm.compat.distributed import prepare_launch, set_cpu_wrapper
from mmengine.config import Config
from mmengine.dist import all_gather, get_rank
from mmengine.model import BaseModel
from mmengine.runner import Runner


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, mode):
        return dict(loss=((self.slope * x - x)**2).mean())


torch.set_num_threads(1)
cfg = Config(dict(work_dir='work', launcher='pytorch', log_level='ERROR', default_scope='mmengine',
                  train_cfg=dict(by_epoch=True, max_epochs=1),
                  optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1))))
prepare_launch(cfg, 'pytorch')
set_cpu_wrapper(cfg)
cfg.train_dataloader = dict(batch_size=2, num_workers=0,
                            sampler=dict(type='DefaultSampler', shuffle=False),
                            collate_fn=dict(type='default_collate'),
                            dataset=[dict(x=torch.tensor([i / 10])) for i in range(8)])
runner = Runner(Line(), **{key: cfg[key] for key in (
    'work_dir', 'launcher', 'log_level', 'default_scope', 'train_cfg', 'optim_wrapper',
    'train_dataloader')}, cfg=cfg)
runner.train()
slopes = torch.stack(all_gather(runner.model.module.slope.detach()))
if get_rank() == 0:
    print('slopes', slopes.flatten().tolist())
'''

# With so long a switch interval gloo's threads, done with the collectives, wait
# for Python until the main thread sleeps or ends.
LEAVING_SCRIPT = '''
import atexit
import sys
import time

import torch
from torch import distributed

atexit.register(lambda: print('in a group:', distributed.is_initialized()))
from fcos_mm.compat.distributed import prepare_launch
from mmengine.config import Config

prepare_launch(Config(), 'pytorch')
sys.setswitchinterval(1000)
for _ in range(4):
    distributed.all_gather([torch.zeros(1)], torch.ones(1), async_op=True)
end = time.monotonic() + 0.3
while time.monotonic() < end:
    pass
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def test_nothing_happens_without_a_launcher():
    cfg = Config(dict(launcher='none', seed=1))
    prepare_launch(cfg, 'none')
    set_cpu_wrapper(cfg)
    assert cfg.to_dict() == dict(launcher='none', seed=1)


def test_nothing_happens_with_a_gpu(monkeypatch):
    monkeypatch.setattr(distributed, 'get_device', lambda: 'cuda')
    cfg = Config(dict(launcher='pytorch', seed=1))
    prepare_launch(cfg, 'pytorch')
    set_cpu_wrapper(cfg)
    assert cfg.to_dict() == dict(launcher='pytorch', seed=1)


def test_ranks_on_gpus_that_are_started_again_meet_anew(monkeypatch):
    joined = {}
    monkeypatch.setattr(distributed, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(torch.cuda, 'set_device', lambda number: joined.update(device=number))
    monkeypatch.setattr(torch.distributed, 'init_process_group',
                        lambda backend, **options: joined.update(options, backend=backend))
    store = torch.distributed.TCPStore('127.0.0.1', 0, is_master=True, wait_for_workers=False)
    for name, value in dict(TORCHELASTIC_RESTART_COUNT=2, RANK=3, LOCAL_RANK=1, WORLD_SIZE=4,
                            MASTER_ADDR='127.0.0.1', MASTER_PORT=store.port).items():
        monkeypatch.setenv(name, str(value))
    prepare_launch(Config(dict(env_cfg=dict(dist_cfg=dict(backend='nccl')))), 'pytorch')
    assert {name: joined[name] for name in ('backend', 'device', 'rank', 'world_size')} == dict(
        backend='nccl', device=1, rank=3, world_size=4)
    joined['store'].set('address', 'new')
    assert not store.check(['address'])  # what an attempt before has left is not seen


def test_processes_that_torchrun_did_not_start(monkeypatch):
    monkeypatch.setattr(distributed, 'get_device', lambda: 'cpu')
    for name in distributed.LAUNCH_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match='--launcher slurm.*torchrun.*RANK'):
        prepare_launch(Config(), 'slurm')


@pytest.mark.skipif(torch.cuda.is_available(), reason='mmengine uses the GPUs')
def test_two_processes_train_one_model(tmp_path, monkeypatch):
    """Two steps: the processes see samples 0, 2 and 1, 3, then 4, 6 and 5, 7.

    d loss / d slope = -2 (1 - slope) mean(x^2). mean(x^2) is 0.035 over the
    first four samples and 0.315 over the last four, and lr is 0.1, so that
    1 - slope = (1 - 0.007) (1 - 0.063) = 0.930441.
    """
    (tmp_path / 'script.py').write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    run = Ranks(2, tmp_path / 'script.py', PYTHONPATH=ROOT).finish()
    assert run.statuses == [0, 0], run.out[-3000:]
    line = [line for line in run.out.splitlines() if line.startswith('slopes')][0]
    slopes = json.loads(line.removeprefix('slopes'))
    assert slopes == pytest.approx([0.069559, 0.069559], abs=1e-6)


@pytest.mark.skipif(torch.cuda.is_available(), reason='mmengine uses the GPUs')
def test_group_is_left_before_python_closes(tmp_path):
    (tmp_path / 'script.py').write_text(LEAVING_SCRIPT)
    run = subprocess.run(
        [sys.executable, 'script.py'], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', 'RANK': '0',
             'WORLD_SIZE': '1', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()})
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.splitlines() == ['in a group: False']
