"""What a run in shards is of, so that only the same run continues it."""
import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fcos_mm.atomic_file import write_json
from fcos_mm.errors import UserError, shorten

_NAME = 'manifest.json'
#: What must be the same, and what a difference is called.
_SAME = dict(pictures='another number of pictures', digest='other pictures',
             checkpoint='other weights', config='another config', options='other options')


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A run in shards.

    Attributes:
        words: Of the command line.
        pictures: How many.
        digest: Of their paths and names.
        checkpoint: SHA-256 of the weights.
        config: SHA-256 of the config.
        options: Options that change the results.
        shard_size: Pictures of a shard.
        classes: Names of the network's classes.
        category_ids: Of the classes, by name.
        threshold: Where the score thresholds come from.
    """
    words: list[str]
    pictures: int
    digest: str
    checkpoint: str
    config: str
    options: dict
    shard_size: int
    classes: list[str] | None = None
    category_ids: dict[str, int] | None = None
    threshold: str = ''

    def write(self, folder: Path) -> None:
        """Write it to a folder of shards."""
        write_json(dict(version=1, **asdict(self)), folder / _NAME)


def read_manifest(folder: Path, now: Manifest) -> Manifest | None:
    """The manifest of the run that a folder holds, None if there is none yet.

    Args:
        folder: Of shards.
        now: The run that is to continue it; its size of shards does not matter.

    Raises:
        UserError: If the folder is of another run.
    """
    path = folder / _NAME
    if not path.exists():
        if any(folder.glob('*-of-*.json')):
            raise UserError(f'{folder} has results of shards, but no {_NAME} that says of which '
                            f'model and pictures.\nRemove {folder} to start again, or give '
                            'another --out-dir.')
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        old = Manifest(**{one.name: content[one.name] for one in fields(Manifest)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f'{path} cannot be read: {error}\nRemove the folder {folder} to start '
                        'again.') from error
    differences = list(_differences(old, now))
    if differences:
        raise UserError(f'{folder} has the results of another run: {"; ".join(differences)}.\n'
                        'Give the same input, model and options to continue it, or another '
                        f'--out-dir, or remove {folder} to start again.')
    return old


def _differences(old: Manifest, now: Manifest) -> Iterator[str]:
    for name, text in _SAME.items():
        before, after = getattr(old, name), getattr(now, name)
        if before == after or name == 'digest' and old.pictures != now.pictures:
            continue
        if isinstance(before, Mapping):
            keys = [key for key in after if before.get(key) != after[key]]
            shown = (f'{key} was {shorten(before.get(key))}, now {shorten(after[key])}'
                     for key in keys)
            yield f'{text} ({", ".join(shown)})'
        else:
            yield text + (f' ({before}, now {after})' if name == 'pictures' else '')


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder of shards meanwhile.

    Raises:
        UserError: If one is there, or the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / '.lock', os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UserError(f'{folder} cannot be written to: {error.strerror}.\nName a folder that '
                        'you can write to by --out-dir.') from error
    try:
        if not _lock(handle):
            raise UserError(f'Another run is writing to {folder}.\nWait for its end, or give '
                            'another --out-dir.')
        yield
    finally:
        os.close(handle)  # which unlocks it


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
