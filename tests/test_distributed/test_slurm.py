"""``slurm_train.sh`` with commands that stand in for Slurm's."""
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]

# Runs the job at once, and again as long as it was put back into the queue.
SBATCH = '''
import os, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
words = sys.argv[1:]
script = next(place for place, word in enumerate(words) if not word.startswith('-'))
print('asked for', *words[:script])
for count in range(3):
    env = dict(os.environ, SLURM_JOB_ID='7', SLURM_JOB_NODELIST='node', SLURM_NODELIST='node',
               SLURM_RESTART_COUNT=str(count))
    status = subprocess.run(['bash', *words[script:]], env=env).returncode
    print('status', status)
    if not os.path.exists(here + '/queue'):
        sys.exit(status)
    os.remove(here + '/queue')
'''
SRUN = '''
import os, subprocess, sys
ranks = [subprocess.Popen(sys.argv[2:], env=dict(
    os.environ, SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank), SLURM_NTASKS='2'))
    for rank in range(2)]
sys.exit(max(rank.wait() for rank in ranks))
'''
SCONTROL = '''
import os, sys
if sys.argv[1] == 'requeue':
    open(os.path.dirname(os.path.abspath(__file__)) + '/queue', 'w')
else:
    print('127.0.0.1')
'''


@pytest.fixture
def cluster(tmp_path):
    """A folder with the three commands."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name, text in (('sbatch', SBATCH), ('srun', SRUN), ('scontrol', SCONTROL)):
        (folder / name).write_text('#!/usr/bin/env python3' + text)
        (folder / name).chmod(0o755)
    return folder


def test_job_that_is_stopped_goes_on(faulty, run_script, cluster, free_port, tmp_path):
    config = faulty((0, 3, 1, 'stop'))
    done = run_script('slurm_train.sh', 'gpus', 'name', config, tmp_path / 'run',
                      PATH=f'{cluster}:/usr/local/bin:/usr/bin:/bin', MASTER_PORT=free_port,
                      PYTHONPATH=f'{tmp_path}:{ROOT}')
    assert done.status == 0, done.err[-3000:]
    assert '--requeue' in done.out and '--signal=USR1@120' in done.out
    assert [line for line in done.out.splitlines() if line.startswith('status')] == [
        'status 75', 'status 0']
    assert 'Restarted (1)' in done.err
    scalars = torch.load(tmp_path / 'run' / 'iter_6.pth')['message_hub']['log_scalars']
    assert len(scalars['train/loss'].data[0]) == 6
