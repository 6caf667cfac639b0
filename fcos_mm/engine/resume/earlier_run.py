"""A work dir holds one run: a second one is not mixed with the first."""
import os
import re
from pathlib import Path

from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from fcos_mm.engine.distributed.rank_end import FOLDER, rank_of_process
from fcos_mm.engine.resume.restart import restarts
from fcos_mm.engine.resume.resume_point import POINTER, run_files
from fcos_mm.errors import UserError

# In the launcher's folder: the first start may use the work dir, and so may all others.
_ADMITTED = 'admitted'


def check_work_dir(cfg: Config, overwrite: bool) -> None:
    """Make sure that a run from the beginning does not mix with an earlier one.

    Nothing is removed yet, see :func:`remove_earlier_run`. Resumed runs, and those
    that a cluster or torch's agent starts again, go on in their own folder.

    Args:
        cfg: Of the run; ``work_dir``, ``resume`` and ``load_from`` are set.
        overwrite: Whether the earlier run may go.

    Raises:
        UserError: If there are checkpoints of an earlier run; or if
            ``overwrite`` would remove what is asked for besides.
    """
    if overwrite and cfg.resume:
        raise UserError('--resume goes on with the run in the work dir, --overwrite removes it: '
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
            f'{cfg.work_dir} holds the checkpoints of {_describe(found)}. A second run would mix '
            'with it.\n'
            '--resume goes on with it; --overwrite removes its checkpoints and starts from the '
            'beginning;\n'
            f'--work-dir {_free(cfg.work_dir)} leaves it alone.')
    if FOLDER in os.environ:
        (Path(os.environ[FOLDER]) / _ADMITTED).touch()


def remove_earlier_run(cfg: Config) -> None:
    """Remove the checkpoints of an earlier run, its best one and its pointer; nothing else.

    Args:
        cfg: Of the run.
    """
    if restarts() or rank_of_process():
        return
    for path in [*reversed(_earlier_run(cfg)), Path(cfg.work_dir) / POINTER]:
        path.unlink(missing_ok=True)


def _goes_on() -> bool:
    """Whether this run is started again; not if its first start was refused here."""
    folder = os.environ.get(FOLDER)
    return restarts() > 0 and (folder is None or (Path(folder) / _ADMITTED).exists())


def _earlier_run(cfg: Config) -> list[Path]:
    """The files of an earlier run, the newest checkpoint first."""
    found = run_files(cfg.work_dir)
    if not (Path(cfg.work_dir) / POINTER).is_file():  # weights that were put there by hand
        found = [path for path in found if _real(path) != _real(cfg.load_from)]
    return found


def _describe(files: list[Path]) -> str:
    """A run in words: how far it came, and its last checkpoint."""
    last = files[0]
    try:
        meta = CheckpointLoader.load_checkpoint(
            str(last), map_location='cpu', logger='silent')['meta']
        settings, kind = meta['run']['config'], 'epoch'
        if 'train_cfg.max_iters' in settings:
            kind = 'iter'
        done, length = meta[kind], int(settings[f'train_cfg.max_{kind}s'])
    except (UserError, KeyError, TypeError, ValueError):
        return f'another run (last checkpoint {last.name})'
    state = 'a finished run' if done >= length else 'a run that is not finished'
    unit = 'epoch' if kind == 'epoch' else 'iteration'
    return f'{state} ({unit} {done:,} of {length:,}, last checkpoint {last.name})'


def _free(work_dir: str) -> str:
    """The first numbered name beside a folder that nothing has."""
    base = re.sub(r'_\d+$', '', str(work_dir).rstrip('/'))
    number = 2
    while Path(f'{base}_{number}').exists():
        number += 1
    return f'{base}_{number}'


def _real(path) -> Path | None:
    return None if path is None else Path(path).resolve()
