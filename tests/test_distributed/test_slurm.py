"""``slurm_train.sh`` with commands that stand in for Slurm's."""
import json
import os
import socketserver
import subprocess
import sys
import threading

import pytest
import torch

from tests.forked import ROOT, Forked

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
# The ranks are forked by the test.
SRUN = '''
import json, os, socket, sys
with socket.create_connection(('127.0.0.1', int(os.environ['RANKS_PORT']))) as test:
    test.sendall(json.dumps([sys.argv[2:], dict(os.environ)]).encode() + b'\\n')
    sys.exit(json.loads(test.makefile().readline()))
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


class Step(socketserver.StreamRequestHandler):
    """Runs two ranks for ``srun``."""

    def handle(self):
        (python, unbuffered, *words), variables = json.loads(self.rfile.readline())
        assert [python, unbuffered] == [sys.executable, '-u']
        ranks = [Forked(*words, '--no-report', screen=self.server.screen, **{
            **variables, 'SLURM_PROCID': rank, 'SLURM_LOCALID': rank, 'SLURM_NTASKS': 2})
            for rank in range(2)]
        status = max(rank.finish().status for rank in ranks)
        self.wfile.write(f'{status}\n'.encode())


@pytest.fixture
def ranks(tmp_path):
    """Serves ``srun``; ``screen`` is the file with what its ranks print."""
    with socketserver.TCPServer(('127.0.0.1', 0), Step) as server:
        server.screen = tmp_path / 'screen.txt'
        threading.Thread(target=server.serve_forever, args=[.05]).start()
        yield server
        server.shutdown()


def test_job_that_is_stopped_goes_on(faulty, cluster, ranks, free_port, tmp_path):
    config = faulty((0, 3, 1, 'stop'))
    env = {**os.environ, 'PATH': f'{cluster}:/usr/local/bin:/usr/bin:/bin',
           'PYTHON': sys.executable, 'PYTHONPATH': f'{config.parent}:{ROOT}',
           'MASTER_PORT': str(free_port), 'RANKS_PORT': str(ranks.server_address[1])}
    script, words = ROOT / 'tools' / 'slurm_train.sh', ['gpus', 'name', config, tmp_path / 'run']
    done = subprocess.run(list(map(str, [script, *words])), env=env, capture_output=True,
                          text=True, timeout=300)
    screen = ranks.screen.read_text()
    assert done.returncode == 0, done.stderr + screen[-3000:]
    assert '--requeue' in done.stdout and '--signal=USR1@120' in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith('status')] == [
        'status 75', 'status 0']
    assert 'Restarted (1)' in screen
    scalars = torch.load(tmp_path / 'run' / 'iter_6.pth')['message_hub']['log_scalars']
    assert len(scalars['train/loss'].data[0]) == 6
