"""``tools/launch.py``, whose ranks are forked."""
from torch.distributed.elastic.multiprocessing.subprocess_handler import subprocess_handler
from torch.distributed.elastic.rendezvous import dynamic_rendezvous

from fcos_mm.cli import launch, run_command
from tests.forked import fork_rank

if __name__ == '__main__':
    subprocess_handler.SubprocessHandler._popen = fork_rank
    # For its log it looks through all modules, which are many here, and takes seconds.
    dynamic_rendezvous.get_method_name = lambda depth=2: 'method'
    run_command(launch)
