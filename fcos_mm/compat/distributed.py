"""Several processes on a machine without a GPU."""
import atexit
import datetime
import os
import time

from mmengine.config import Config
from mmengine.device import get_device
from torch import distributed

from fcos_mm.errors import UserError

# torchrun sets these for every process; init_process_group reads them.
LAUNCH_VARIABLES = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')

# More than gloo's threads need to let go of what they hold, see leave_group.
GRACE_SECONDS = 0.5


def prepare_cpu_launch(cfg: Config, launcher: str) -> None:
    """Let mmengine's Runner work with several processes on CPUs.

    Whatever the backend, mmengine picks a CUDA device while it joins the
    processes, and wraps the model for that device. Here gloo joins them
    before the Runner would, and the model is wrapped for no device. Nothing
    happens where there is a GPU, or without a launcher.

    Args:
        cfg: of the run; ``model_wrapper_cfg`` is set in it.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.

    Raises:
        UserError: the processes were not started by torchrun, so that they
            do not know of each other.
    """
    if launcher == 'none' or get_device() != 'cpu':
        return
    missing = [name for name in LAUNCH_VARIABLES if name not in os.environ]
    if missing:
        raise UserError(
            f'--launcher {launcher}: without a GPU the processes must be started by torchrun, as '
            f'tools/dist_train.sh does; not set: {", ".join(missing)}.')
    if not distributed.is_initialized():
        seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
        timeout = None if seconds is None else datetime.timedelta(seconds=seconds)
        distributed.init_process_group('gloo', timeout=timeout)
        atexit.register(leave_group)
    cfg.model_wrapper_cfg = {
        'type': 'MMDistributedDataParallel',
        'broadcast_buffers': False,
        'find_unused_parameters': cfg.get('find_unused_parameters', False),
        **(cfg.get('model_wrapper_cfg') or {}), 'device_ids': None}


def leave_group() -> None:
    """Leave gloo's group of processes while Python still runs.

    A thread of gloo drops the tensors of a collective shortly after the
    collective is done, and needs Python for it. Python before 3.14, once it is
    closing, ends such a thread in a way that aborts the process (SIGABRT), and
    torchrun takes the finished run for a failed one. Sleeping lets the threads
    have Python first.
    """
    time.sleep(GRACE_SECONDS)
    if distributed.is_initialized():
        distributed.destroy_process_group()
