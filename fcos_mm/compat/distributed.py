"""Join the processes of a run where mmengine and torch cannot do it alone."""
import atexit
import datetime
import os
import socket
import time

import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import distributed
from torch.distributed import PrefixStore, TCPStore

from fcos_mm.errors import UserError

# torchrun sets these for every process; init_process_group reads them.
LAUNCH_VARIABLES = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
_SLURM_VARIABLES = {'RANK': 'SLURM_PROCID', 'WORLD_SIZE': 'SLURM_NTASKS',
                    'LOCAL_RANK': 'SLURM_LOCALID'}
_SLURM_PORT = 29500  # mmengine's, where Slurm sets none
_GRACE_SECONDS = 0.5  # more than gloo's threads need to release what they hold


def set_cpu_wrapper(cfg: Config) -> None:
    """Let several processes on CPUs wrap the model for no device, by ``cfg.model_wrapper_cfg``.

    Whatever the backend, mmengine wraps it for a CUDA device.
    """
    if cfg.get('launcher', 'none') != 'none' and get_device() == 'cpu':
        cfg.model_wrapper_cfg = {
            'type': 'MMDistributedDataParallel',
            'broadcast_buffers': False,
            'find_unused_parameters': cfg.get('find_unused_parameters', False),
            **(cfg.get('model_wrapper_cfg') or {}), 'device_ids': None}


def prepare_launch(cfg: Config, launcher: str) -> None:
    """Join the processes where mmengine's Runner would fail to.

    - On CPUs: mmengine picks a CUDA device while it joins the processes; here gloo joins them.
    - After a restart by torch's agent, whose store still holds the addresses of the processes
      before; those of each attempt are kept apart.

    Args:
        cfg: Of the run.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.

    Raises:
        UserError: If the port is taken; without a GPU, if the processes do not know of each
            other or ``sync_bn`` is set.
    """
    if launcher == 'none':
        return
    if launcher == 'slurm' and os.environ.get('SLURM_PROCID') == '0':
        check_port(int(os.environ.get('MASTER_PORT', _SLURM_PORT)), 'MASTER_PORT')
    if get_device() == 'cpu':
        _join_cpus(cfg, launcher)
    elif restarts_of_agent() and not distributed.is_initialized():
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        _join(cfg, cfg.get('env_cfg', {}).get('dist_cfg', {}).get('backend', 'nccl'))


def check_port(port: int, name: str) -> None:
    """Check that this process can listen at a port; otherwise torch waits, then says little.

    Raises:
        UserError: If not; it advises to set the variable ``name``.
    """
    try:
        with socket.create_server(('', port), backlog=1):
            return
    except (OSError, OverflowError) as error:
        reason = (os.strerror(error.errno) if isinstance(error, OSError) else
                  'the highest port is 65535')
        with socket.create_server(('', 0)) as free:
            other = free.getsockname()[1]
        raise UserError(f'Port {port} cannot be used to start the processes ({reason}). Set '
                        f'{name} to a free port, for example {name}={other}.') from error


def restarts_of_agent() -> int:
    """How often torch's agent restarted the processes."""
    return int(os.environ.get('TORCHELASTIC_RESTART_COUNT', 0))


def connect_to_store() -> TCPStore:
    """A new connection to the store in which the processes met."""
    return TCPStore(os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']), is_master=False,
                    wait_for_workers=False)


def leave_group() -> None:
    """Leave gloo's process group while Python still runs."""
    # A thread of gloo drops the tensors of a collective shortly after it is done, and needs Python
    # for it. Python before 3.14, once it is closing, ends such a thread in a way that aborts the
    # process (SIGABRT). Sleeping lets the threads have Python first.
    time.sleep(_GRACE_SECONDS)
    if distributed.is_initialized():
        distributed.destroy_process_group()


def _join_cpus(cfg: Config, launcher: str) -> None:
    if launcher == 'slurm':
        os.environ.update({name: os.environ[slurm] for name, slurm in _SLURM_VARIABLES.items()
                           if slurm in os.environ})
    missing = [name for name in LAUNCH_VARIABLES if name not in os.environ]
    if missing:
        raise UserError(
            f'--launcher {launcher}: without a GPU, start the processes with `fcos-mm launch`, '
            f'torchrun or tools/slurm_train.sh. Not set: {", ".join(missing)}.')
    if cfg.get('sync_bn') is not None:
        raise UserError(f'sync_bn={cfg.sync_bn!r} needs GPUs: torch has no synchronised batch norm '
                        'for CPUs. Set sync_bn=None to train on this machine.')
    if not distributed.is_initialized():
        _join(cfg, 'gloo')
        atexit.register(leave_group)


def _join(cfg: Config, backend: str) -> None:
    seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    options = dict(timeout=None if seconds is None else datetime.timedelta(seconds=seconds))
    if restarts_of_agent():
        options.update(store=PrefixStore(f'attempt {restarts_of_agent()}', connect_to_store()),
                       rank=int(os.environ['RANK']), world_size=int(os.environ['WORLD_SIZE']))
    distributed.init_process_group(backend, **options)
