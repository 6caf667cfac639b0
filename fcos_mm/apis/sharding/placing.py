"""How many workers there are, and what each of them gets."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcos_mm.errors import UserError
from fcos_mm.faults import counted

_MEMORY = 2 * 2**30  # bytes for each worker, where their number is not given


@dataclass(frozen=True, kw_only=True)
class Placing:
    """Workers and their shares.

    Attributes:
        workers: How many.
        cpus: Of each, a part of one if there are more workers than CPUs.
        gpus: Of each, likewise; 0 for workers on CPUs.
    """
    workers: int
    cpus: float
    gpus: float = 0

    @property
    def threads(self) -> int:
        """Threads of a worker."""
        return max(1, int(self.cpus))

    def __str__(self) -> str:
        share = f'{self.gpus:g} GPU' if self.gpus else f'{self.cpus:g} CPU'
        return f'{counted(self.workers, "worker")} with {share} each'


def place(nodes: Sequence[Mapping[str, float]], workers: int | None, on_gpu: bool | None
          ) -> Placing:
    """Choose the workers for the machines of a cluster.

    Without a number there is a worker for each GPU, or else one for each CPU that has 2 GiB of
    memory.

    Args:
        nodes: Of each machine the amounts ``CPU``, ``GPU`` and ``memory`` (bytes).
        workers: How many; None to choose.
        on_gpu: None for GPUs if there are any.

    Raises:
        UserError: If there is nothing to run on.
    """
    cpus = [int(node.get('CPU', 0)) for node in nodes]
    gpus = sum(int(node.get('GPU', 0)) for node in nodes)
    if on_gpu and not gpus:
        raise UserError('--device cuda: Ray has no GPU.\nLeave --device out to use CPUs.')
    if not sum(cpus):
        raise UserError('Ray has no CPU.\nAdd machines to the cluster, or leave --ray-address out '
                        'to use this one.')
    if gpus and on_gpu is not False:
        workers = workers or gpus
        share = 1 if workers <= gpus else _part(gpus, workers)
        return Placing(workers=workers, gpus=share, cpus=_share(cpus, workers))
    if workers is None:
        workers = max(1, sum(min(number, int(node.get('memory', 0) // _MEMORY))
                             for number, node in zip(cpus, nodes)))
    return Placing(workers=workers, cpus=_share(cpus, workers))


def _share(cpus: Sequence[int], workers: int) -> float:
    """The most CPUs that each worker can have, as none spans two machines."""
    if workers > sum(cpus):
        return _part(sum(cpus), workers)
    return max(number for number in range(1, max(cpus) + 1)
               if number == 1 or sum(one // number for one in cpus) >= workers)


def _part(amount: int, workers: int) -> float:
    """An equal part, which Ray wants with few digits."""
    return max(int(amount / workers * 1000), 1) / 1000
