"""How machines meet, and what is told of a failure; real runs are in tests/test_distributed."""
import signal

import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from fcos_mm.apis.launch import first_cause, launch_config, tell_failure
from fcos_mm.cli import launch, parse
from fcos_mm.engine.distributed.rank_end import RankEnd
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


def failure(rank, status):
    return ProcessFailure(local_rank=rank, pid=100 + rank, exitcode=status, error_file='')


def test_a_killed_rank_comes_before_those_that_lost_it():
    lost = RankEnd(0, 'node0', 100, 1, 'lost', 'closed', '', 5.)
    error = ChildFailedError('x', {0: failure(0, 1), 1: failure(1, -signal.SIGKILL)})
    told = first_cause([lost], error)
    assert told.startswith('error: rank 1 (process 101) was killed by SIGKILL')
    mistake = RankEnd(0, 'node0', 100, 2, 'mistake', 'Set x.', '', 5.)
    assert first_cause([mistake], error) == 'error: rank 0: Set x.'
    alone = ChildFailedError('x', {0: failure(0, 1)})
    assert first_cause([lost], alone).endswith('at a rank of another machine: see there.')


def test_a_rank_that_leaves_without_a_word_is_named():
    """Its status is 0, so that torch's agent does not count it among the failures."""
    lost = RankEnd(0, 'node0', 100, 1, 'lost', 'closed', '', 5.)
    error = ChildFailedError('x', {0: failure(0, 1)})
    told = first_cause([lost], error, ranks=range(3))
    assert told == 'error: rank 1 and rank 2 left before the end, with status 0 and no word.'
    assert 'another machine' not in told


@pytest.mark.parametrize('status, told', [(75, ''), (3, 'error: rank 1 stopped, status 3\n')])
def test_a_rank_that_stops(status, told, capsys):
    """One that has saved has said so."""
    stop = RankEnd(1, 'node0', 101, status, 'stop', '', '', 5.)
    lost = RankEnd(0, 'node0', 100, 1, 'lost', 'closed', '', 6.)
    error = ChildFailedError('x', {1: failure(1, status)})
    assert tell_failure([stop, lost], error) == status
    assert capsys.readouterr().err == told
