"""The two files that a conversion writes: weights, and a config beside them."""
from pathlib import Path

import torch

from fcos_mm.atomic_file import replaced, write_text
from fcos_mm.errors import UserError

_ENDINGS = ('.pth', '.pt')


def check_target(out: str, source: str, force: bool) -> tuple[Path, Path]:
    """The paths of the checkpoint and of its config, where both may be written.

    Raises:
        UserError: If the ending is another, the folder is missing, or a file is there already.
    """
    path = Path(out)
    if path.suffix not in _ENDINGS:
        raise UserError(f'{out} does not end with .pth.\nName the checkpoint to write: '
                        f'fcos-mm convert {source} OUT.pth')
    if not path.parent.is_dir():
        raise UserError(f'{path.parent} is not a folder.\nMake it, or name a file elsewhere.')
    config = path.with_suffix('.py')
    if Path(source).exists() and path.exists() and path.samefile(source):
        raise UserError(f'{out} is the checkpoint to convert.\nName another file to write.')
    for file in (path, config):
        if file.exists() and not force:
            raise UserError(f'{file} is there already.\nName another file, or replace it: --force.')
    return path, config


def write_files(checkpoint: Path, content: dict, config: Path, text: str | None) -> None:
    """Write a config, if there is one, and the checkpoint, each in one piece.

    A failure leaves no new file behind.

    Raises:
        UserError: If a file cannot be written.
    """
    fresh = not config.exists()
    if text is not None:
        write_text(text, config)
    try:
        with replaced(checkpoint) as unfinished:
            torch.save(content, unfinished)
    except BaseException:
        if fresh and text is not None:
            config.unlink(missing_ok=True)
        raise
