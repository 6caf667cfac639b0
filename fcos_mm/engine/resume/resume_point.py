"""Choose the checkpoint to resume from: the newest intact one."""
import re
from pathlib import Path

from mmengine.config import Config

from fcos_mm.checkpoints.safe_loading import DamagedCheckpoint, read_checkpoint
from fcos_mm.errors import UserError

POINTER = 'last_checkpoint'
AUTOSAVE = 'autosave_'  # what is written between the checkpoints that the user asks for
MAKE_ROOM = '\nFree some space or choose another --work-dir, then continue with --resume.'
_BEST = re.compile(r'(epoch|iter)_\d+\.pth$')
_KINDS = ('epoch_', 'iter_', f'{AUTOSAVE}iter_')


def prepare_resume(cfg: Config) -> list[str]:
    """Set ``load_from`` to the checkpoint and ``randomness.seed`` to its seed.

    ``resume`` becomes False where there is nothing to resume. Returns messages for the user.

    Raises:
        UserError: If all checkpoints are damaged, or the chosen one holds no training state.
    """
    notes = []
    if cfg.load_from is None:
        cfg.load_from, notes = newest_whole(cfg.work_dir)
        if cfg.load_from is None:
            cfg.resume = False
            return [*notes, f'No checkpoint in {cfg.work_dir}: starting from the '
                    'beginning.']
    meta = _meta_of_training(cfg.load_from)
    seed, wanted = meta.get('seed'), cfg.get('randomness', {}).get('seed')
    if seed is not None:
        cfg.setdefault('randomness', {})
        cfg.randomness.seed = seed
        if wanted not in (None, seed):
            notes.append(f'randomness.seed: the run continues with {seed}, the seed of '
                         f'{cfg.load_from}, instead of {wanted}.')
    return notes


def _meta_of_training(path: str) -> dict:
    """``meta`` of a checkpoint that holds what mmengine needs to resume."""
    match read_checkpoint(path):
        case {'meta': {'epoch': int(), 'iter': int()} as meta, 'message_hub': dict()}:
            return meta
    raise UserError(f'{path} holds no training state to resume from. To start a new run from its '
                    'weights, replace --resume with --load-from FILE.')


def newest_whole(work_dir: str) -> tuple[str | None, list[str]]:
    """Find the newest checkpoint of a run that is not damaged, and a line for each damaged one.

    Raises:
        UserError: If there are checkpoints and all of them are damaged.
    """
    faults = []
    for path in candidates(work_dir):
        try:
            read_checkpoint(path)
        except DamagedCheckpoint as error:
            faults.append(str(error))
        else:
            return path, [*faults, *([f'Using the previous one, {path}.'] if faults else [])]
    if faults:
        raise UserError('\n'.join([*faults, f'No checkpoint in {work_dir} is intact. Start '
                                   'again without --resume.']))
    return None, []


def candidates(work_dir: str) -> list[str]:
    """List the checkpoints to resume from, the one to prefer first.

    The pointer names the last one. A process that was killed between writing a checkpoint and the
    pointer has left one that is newer than the pointer.

    Raises:
        UserError: If the checkpoint that is named is gone, and all others too.
    """
    pointer = Path(work_dir) / POINTER
    named = _named(pointer)
    if named is None:
        return _newest_first(_checkpoints(Path(work_dir)))
    others = [path for path in _checkpoints(named.parent, _split(named)[0]) if path != named]
    newer = [path for path in others if _time(path) > _time(pointer) and _follows(path, named)]
    older = [path for path in others if path not in newer]
    middle = [str(named)] if named.is_file() else []
    found = _newest_first(newer) + middle + _newest_first(older)
    if not found:
        raise UserError(f'{pointer} names {named}, which does not exist. Restore it, give another '
                        'with --resume CHECKPOINT, or start again without --resume.')
    return found


def run_files(work_dir: str) -> list[Path]:
    """List the checkpoints of a run, the one that the pointer names first, the best ones last."""
    named = _named(Path(work_dir) / POINTER)
    folders = {Path(work_dir), *([named.parent] if named else [])}
    kind = _split(named)[0] if named else ''
    paths = [path for folder in folders for path in _checkpoints(folder, kind)]
    best = [path for folder in folders for path in folder.glob('best_*.pth')
            if _BEST.search(path.name)]
    paths.sort(key=lambda path: (path == named, _time(path)), reverse=True)
    return [*paths, *best]


def _named(pointer: Path) -> Path | None:
    """The checkpoint that a pointer names, there or not; None if it names nothing.

    One of that name in the pointer's own folder comes first: the folder may have been copied.
    """
    try:
        named = Path(pointer.read_text().strip())
        beside = pointer.parent / named.name
        if not named.name or '\0' in named.name:
            return None
        return named if named.is_file() and not beside.is_file() else beside
    except (OSError, UnicodeDecodeError):  # not there, damaged, no name of a file
        return None


def _checkpoints(folder: Path, kind: str = '') -> list[Path]:
    """The checkpoints of a folder that hold all that resuming needs."""
    return [path for path in folder.glob('*.pth') if _split(path)[0] in (*_KINDS, kind or None)]


def _newest_first(paths: list[Path]) -> list[str]:
    return [str(path) for path in sorted(paths, key=_time, reverse=True)]


def _time(path: Path) -> int:
    return path.stat().st_mtime_ns


def _follows(path: Path, other: Path) -> bool:
    """False if the names say that it is of an earlier iteration or epoch."""
    (kind, number), (other_kind, other_number) = _split(path), _split(other)
    same_unit = kind.removeprefix(AUTOSAVE) == other_kind.removeprefix(AUTOSAVE)
    return number > other_number or not same_unit


def _split(path: Path) -> tuple[str, int]:
    """What is counted, and the number: ``('epoch_', 3)`` of ``epoch_3.pth``."""
    found = re.fullmatch(r'(.*?)(\d+)\.pth', path.name)
    return (found[1], int(found[2])) if found else ('', -1)
