"""A run that is started again after a failure goes on where it was.

torch's agent starts the ranks again (``--max-restarts``), Slurm a whole job.
"""
import os
import sys
from pathlib import Path

from mmengine.config import Config

from fcos_mm.engine.distributed.rank_end import FOLDER, describe, rank_of_process, read_ends
from fcos_mm.engine.resume.resume_point import candidates

# Its time is when the run began; checkpoints before are another run's.
_MARK = 'started'


def restarts() -> int:
    """int: How often this run was started again."""
    return max(int(os.environ.get(name, 0))
               for name in ('TORCHELASTIC_RESTART_COUNT', 'SLURM_RESTART_COUNT'))


def resume_after_restart(cfg: Config) -> None:
    """Go on from the last checkpoint if this is not the first start.

    On the first start of a run that does not resume, the file ``started`` in
    the work dir notes the time. Without a checkpoint since, all is as on the
    first start.

    Args:
        cfg: Of the run; ``resume`` and ``load_from`` are set.
    """
    mark = Path(cfg.work_dir) / _MARK
    if not restarts():
        if not cfg.resume and rank_of_process() == 0:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        return
    if rank_of_process() == 0:
        print(f'Started again ({restarts()}), after {_cause()}', file=sys.stderr, flush=True)
    found = candidates(cfg.work_dir)
    if found and (not mark.exists() or _time(Path(found[0])) >= _time(mark)):
        cfg.resume, cfg.load_from = True, None


def _cause() -> str:
    """What ended the attempt before."""
    folder = os.environ.get(FOLDER)
    ends = read_ends(Path(folder), restarts() - 1) if folder else []
    if ends and ends[0].kind != 'lost':
        return describe(ends[0])
    return 'a process was stopped or killed.'


def _time(path: Path) -> int:
    return path.stat().st_mtime_ns
