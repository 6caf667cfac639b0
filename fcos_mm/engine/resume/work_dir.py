"""One run per work dir: refuse a second one, resume one that is restarted."""
import itertools
import os
import re
import sys
from pathlib import Path

from mmengine.config import Config

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.compat.distributed import restarts_of_agent
from fcos_mm.engine.distributed.worker_exit import ERROR_FILE, rank_of_process, read_exits
from fcos_mm.engine.resume.resume_point import POINTER, candidates, run_files
from fcos_mm.errors import UserError

_STARTED = 'started'  # its time is when the run began; checkpoints before are another run's
_ADMITTED = 'admitted'  # in the agent's folder: the first start may use the work dir


def restarts() -> int:
    """How often torch's agent restarted the ranks, or Slurm the job."""
    return max(restarts_of_agent(), int(os.environ.get('SLURM_RESTART_COUNT', 0)))


def check_work_dir(cfg: Config, overwrite: bool) -> None:
    """Check that a run from the beginning does not mix with an earlier one.

    Nothing is removed yet, see :func:`remove_earlier_run`. Resumed and restarted runs go on in
    their own folder.

    Raises:
        UserError: If there are checkpoints of an earlier run; or if ``overwrite`` would remove
            what is asked for besides.
    """
    if overwrite and cfg.resume:
        raise UserError('--resume continues the run in the work dir, --overwrite removes it: '
                        'give one of them.')
    if cfg.resume or rank_of_process() or _goes_on():
        return
    found = _earlier_run(cfg)
    if found and overwrite:
        if _real(cfg.load_from) in map(_real, found):
            raise UserError(f'--overwrite would remove {cfg.load_from}, which load_from names: '
                            'move it, or give another --work-dir.')
    elif found:
        raise UserError(
            f'{cfg.work_dir} holds the checkpoints of {_describe(found[0])}. A second run would '
            'mix with it.\n'
            '--resume continues it; --overwrite removes its checkpoints and starts from the '
            'beginning;\n'
            f'--work-dir {_free(cfg.work_dir)} keeps both.')
    if _agent_folder():
        (_agent_folder() / _ADMITTED).touch()


def remove_earlier_run(cfg: Config) -> None:
    """Remove the checkpoints of an earlier run, its best one and its pointer; nothing else."""
    if restarts() or rank_of_process():
        return
    for path in [*reversed(_earlier_run(cfg)), Path(cfg.work_dir) / POINTER]:
        path.unlink(missing_ok=True)


def note_start(cfg: Config) -> None:
    """Note when a run that does not resume starts: the time of ``started`` in its folder."""
    if not restarts() and not cfg.resume and rank_of_process() == 0:
        mark = Path(cfg.work_dir) / _STARTED
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def resume_after_restart(cfg: Config) -> None:
    """Set ``cfg`` to resume if this is not the first start and the run has a checkpoint."""
    if not restarts():
        return
    if rank_of_process() == 0:
        print(f'Restarted ({restarts()}) after {_cause()}', file=sys.stderr, flush=True)
    mark = Path(cfg.work_dir) / _STARTED
    found = candidates(cfg.work_dir)
    if found and (not mark.exists()
                  or Path(found[0]).stat().st_mtime_ns >= mark.stat().st_mtime_ns):
        cfg.resume, cfg.load_from = True, None


def _agent_folder() -> Path | None:
    """Where the agent keeps the error files of all attempts."""
    path = os.environ.get(ERROR_FILE)
    return Path(path).parents[2] if path else None


def _cause() -> str:
    """What ended the attempt before."""
    folder = _agent_folder()
    exits = read_exits(folder / f'attempt_{restarts() - 1}') if folder else []
    known = exits and not exits[0]['extraInfo']['lost']
    return exits[0]['message'] if known else 'a process was stopped or killed.'


def _goes_on() -> bool:
    """Whether this run is restarted; not if its first start was refused here."""
    folder = _agent_folder()
    return restarts() > 0 and (folder is None or (folder / _ADMITTED).exists())


def _earlier_run(cfg: Config) -> list[Path]:
    """The files of an earlier run, the newest checkpoint first."""
    has_pointer = (Path(cfg.work_dir) / POINTER).is_file()  # or weights were put there by hand
    return [path for path in run_files(cfg.work_dir)
            if has_pointer or _real(path) != _real(cfg.load_from)]


def _describe(last: Path) -> str:
    """How far the run of a checkpoint came."""
    try:
        meta = read_checkpoint(str(last))['meta']
        settings = meta['run']['config']
        kind = 'iter' if 'train_cfg.max_iters' in settings else 'epoch'
        done, length = meta[kind], int(settings[f'train_cfg.max_{kind}s'])
    except (UserError, KeyError, TypeError, ValueError):
        return f'another run (last checkpoint {last.name})'
    state = 'a finished run' if done >= length else 'a run that is not finished'
    unit = 'epoch' if kind == 'epoch' else 'iteration'
    return f'{state} ({unit} {done:,} of {length:,}, last checkpoint {last.name})'


def _free(work_dir: str) -> str:
    """The first numbered name beside a folder that nothing has."""
    base = re.sub(r'_\d+$', '', str(work_dir).rstrip('/'))
    names = (f'{base}_{number}' for number in itertools.count(2))
    return next(name for name in names if not Path(name).exists())


def _real(path) -> Path | None:
    return None if path is None else Path(path).resolve()
