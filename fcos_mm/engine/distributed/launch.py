"""Start the ranks of a run: what ``tools/dist_train.sh`` and ``dist_test.sh`` do.

torch's elastic agent starts, watches and restarts the ranks. This adds what the user sees: the
first failure, once, with its rank.
"""
import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import RendezvousConnectionError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fcos_mm.compat.distributed import check_port
from fcos_mm.engine.distributed.stopped_ranks import watch_stopped_ranks
from fcos_mm.engine.distributed.worker_exit import read_exits
from fcos_mm.engine.resume.preemption import EXIT_STATUS
from fcos_mm.errors import UserError

_GRACE = 30  # seconds that ranks have to save and to stop, before they are killed


def run(args: argparse.Namespace) -> int:
    """Start ``train.py`` or ``test.py`` in several processes; returns the exit status.

    Raises:
        UserError: If an option or an environment variable is wrong, or if this machine does not
            reach the first one.
    """
    files = [args.config] if args.tool == 'train' else [args.config, args.checkpoint]
    words = ['-u', str(args.tools / f'{args.tool}.py'), *files, '--launcher', 'pytorch',
             *args.other_options]
    os.environ.setdefault('OMP_NUM_THREADS', str(max(1, os.cpu_count() // args.processes)))
    logging.getLogger('torch.distributed').setLevel(logging.CRITICAL)
    config = launch_config(os.environ, args.processes, args.max_restarts)
    with tempfile.TemporaryDirectory(prefix='fcos_mm_ranks_') as folder:
        config.logs_specs = DefaultLogsSpecs(log_dir=folder)
        threading.Thread(target=watch_stopped_ranks, args=[config.max_nodes], daemon=True).start()
        return _run(config, words, Path(folder))


def launch_config(environ: Mapping[str, str], processes: int, restarts: int) -> LaunchConfig:
    """Configure how the machines of a run meet, by the environment variables of ``--help``.

    Raises:
        UserError: If a variable is wrong or missing.
    """
    nodes = _number(environ, 'NNODES', 1)
    node = _number(environ, 'NODE_RANK', 0)
    port = _number(environ, 'MASTER_PORT', _number(environ, 'PORT', 0 if nodes == 1 else 29500))
    if not 0 <= node < nodes:
        raise UserError(f'NODE_RANK={node} is not one of NNODES={nodes} machines: they count from '
                        f'0 to {nodes - 1}.')
    if nodes > 1 and not environ.get('MASTER_ADDR'):
        raise UserError('MASTER_ADDR is not set: it must name the machine with NODE_RANK=0.')
    if node == 0:
        check_port(port, 'MASTER_PORT' if 'MASTER_PORT' in environ else 'PORT')
    address = environ['MASTER_ADDR'] if nodes > 1 else '127.0.0.1'
    return LaunchConfig(
        min_nodes=nodes, max_nodes=nodes, nproc_per_node=processes,
        run_id=environ.get('RDZV_ID', 'fcos_mm'), rdzv_backend='c10d',
        rdzv_endpoint=f'{address}:{port}', rdzv_configs=dict(is_host=node == 0),
        local_addr=address if node == 0 else None, max_restarts=restarts, shutdown_timeout=_GRACE,
        logs_specs=DefaultLogsSpecs(log_dir=os.devnull),  # otherwise it makes a folder for them
        signals_to_handle='SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1')


def describe_failure(exits: Sequence[dict], error: ChildFailedError, processes: int = 0) -> str:
    """Describe the first failure.

    A process that a signal killed records nothing. It comes before the ranks that lost contact
    to it.

    Args:
        exits: See :func:`read_exits`.
        error: The agent's.
        processes: How many ranks there are, if all are on this machine.
    """
    if exits and not exits[0]['extraInfo']['lost']:
        return exits[0]['extraInfo']['py_callstack']
    silent = [(rank, failure) for rank, failure in error.failures.items()
              if not os.path.isfile(failure.error_file)]
    if silent:
        rank, failure = min(silent, key=lambda item: (  # the agent ends the others by SIGTERM
            item[1].exitcode == -signal.SIGTERM, item[1].timestamp))
        return f'error: rank {rank} (process {failure.pid}) {_death(failure.exitcode)}'
    left = [f'rank {rank}' for rank in range(processes) if rank not in error.failures]
    if left:
        return (f'error: {" and ".join(left)} exited before the end, with status 0 and without an '
                'error message.')
    return (f'{exits[0]["extraInfo"]["py_callstack"]}\n'
            'The cause is a rank on another machine: see its log.')


def _run(config: LaunchConfig, words: Sequence[str], folder: Path) -> int:
    """Run the ranks to their end; returns the exit status."""
    try:
        elastic_launch(config, sys.executable)(*words)
    except ChildFailedError as error:
        attempt, exits = _last_attempt(folder)
        status = exits[0]['errorCode'] if exits else 1
        if status != EXIT_STATUS:  # ranks that were asked to stop have said so
            processes = config.nproc_per_node if config.max_nodes == 1 else 0
            print(describe_failure(exits, error, processes), file=sys.stderr)
            if attempt:
                print(f'It was restarted {attempt} times before.', file=sys.stderr)
        return status
    except RendezvousConnectionError as error:
        raise UserError(
            f'The machines cannot connect to {config.rdzv_endpoint}: start the first (NODE_RANK=0) '
            'and check that it is reachable there.') from error
    except SignalException as stop:
        statuses = [exit['errorCode'] for exit in _last_attempt(folder)[1]]
        saved = statuses == [EXIT_STATUS] * config.nproc_per_node
        return EXIT_STATUS if saved else 128 + stop.sigval
    return 0


def _last_attempt(folder: Path) -> tuple[int, list[dict]]:
    """Number and recorded exits of the last attempt."""
    attempts = {int(path.name.split('_')[-1]): path for path in folder.glob('*/attempt_*')}
    number = max(attempts, default=0)
    return number, read_exits(attempts[number]) if attempts else []


def _death(status: int) -> str:
    if status >= 0:
        return f'exited with status {status} and without an error message'
    name = signal.Signals(-status).name
    hint = ': perhaps the machine ran out of memory' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise UserError(f'{name}={text!r} must be a whole number.') from None
