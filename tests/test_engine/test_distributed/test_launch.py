"""How machines meet, and how a failure is described; real runs are in tests/test_distributed."""
import signal

import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from fcos_mm.cli import launch, parse
from fcos_mm.engine.distributed.launch import describe_failure, launch_config
from fcos_mm.errors import UserError


def test_one_machine_finds_a_port():
    config = launch_config({}, 8, 3)
    assert (config.min_nodes, config.max_nodes, config.nproc_per_node) == (1, 1, 8)
    assert config.rdzv_endpoint == '127.0.0.1:0' and config.max_restarts == 3
    assert launch_config(dict(PORT='4242'), 8, 0).rdzv_endpoint == '127.0.0.1:4242'


@pytest.mark.parametrize('node, hosts', [('0', True), ('1', False)])
def test_several_machines(node, hosts):
    config = launch_config(dict(NNODES='2', NODE_RANK=node, MASTER_ADDR='node0'), 4, 0)
    assert config.rdzv_endpoint == 'node0:29500' and config.min_nodes == config.max_nodes == 2
    assert config.rdzv_configs['is_host'] is hosts


@pytest.mark.parametrize('environ, words', [
    (dict(NNODES='two'), "NNODES='two' must be a whole number"),
    (dict(NNODES='2', NODE_RANK='2', MASTER_ADDR='a'), 'NODE_RANK=2 is not one of NNODES=2'),
    (dict(NNODES='2'), 'MASTER_ADDR is not set')])
def test_mistakes(environ, words):
    with pytest.raises(UserError, match=words):
        launch_config(environ, 1, 0)


def test_options_of_the_tool_are_handed_on():
    args = parse(launch, ['test', 'config.py', 'a.pth', '2', '--max-restarts', '1', '--out',
                          'b.pkl', '--cfg-options', 'a=1', 'b=2'])
    assert (args.config, args.checkpoint, args.processes, args.max_restarts) == (
        'config.py', 'a.pth', 2, 1)
    assert args.other_options == ['--out', 'b.pkl', '--cfg-options', 'a=1', 'b=2']
    with pytest.raises(SystemExit):
        parse(launch, ['train', 'config.py', '0'])


def recorded(text, status=1, lost=False):
    return dict(message=text, errorCode=status, extraInfo=dict(py_callstack=text, lost=lost))


LOST = recorded('error: rank 0 lost contact', lost=True)


@pytest.mark.parametrize('exits, statuses, processes, expected', [
    pytest.param([recorded('error: rank 0: Set x.'), LOST], {0: 2, 1: -signal.SIGKILL}, 2,
                 'error: rank 0: Set x.', id='recorded'),
    pytest.param([LOST], {0: 1, 1: -signal.SIGKILL}, 2,
                 'error: rank 1 (process 101) was killed by SIGKILL: perhaps the machine ran '
                 'out of memory', id='killed'),
    pytest.param([LOST], {0: 1, 1: -signal.SIGTERM, 2: 3}, 2,
                 'error: rank 2 (process 102) exited with status 3 and without an error message',
                 id='silent; the agent ended another'),
    # their status is 0, so that the agent does not count them among the failures
    pytest.param([LOST], {0: 1}, 3,
                 'error: rank 1 and rank 2 exited before the end, with status 0 and without an '
                 'error message.',
                 id='left'),
    pytest.param([LOST], {0: 1}, 0, 'error: rank 0 lost contact\nThe cause is a rank on another '
                 'machine: see its log.', id='another machine')])
def test_first_failure(exits, statuses, processes, expected, tmp_path):
    """Rank 0 always records its exit."""
    (tmp_path / 'error.json').write_text('{"message": "text", "timestamp": 1}')
    error = ChildFailedError('x', {
        rank: ProcessFailure(rank, 100 + rank, status, '' if rank else f'{tmp_path}/error.json')
        for rank, status in statuses.items()})
    assert describe_failure(exits, error, processes) == expected


def test_no_folder_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    launch_config({}, 2, 0)
    assert not list(tmp_path.iterdir())
