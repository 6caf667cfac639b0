"""From the name of a published detector to a checkpoint of ours."""
import contextlib
import os
from pathlib import Path

from fcos_mm.apis.published.progress import say, shown
from fcos_mm.atomic_file import scratch_folder
from fcos_mm.checkpoints.zoo.cache import (
    cache_folder,
    converted_file,
    fetch,
    file_of,
    make_folder,
)
from fcos_mm.checkpoints.zoo.lock import locked
from fcos_mm.checkpoints.zoo.table import ZooModel, find_zoo_model, zoo_names
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.errors import UserError


def is_published(name: str) -> bool:
    """Whether a word names a published detector, and no file, folder or shipped config."""
    return name in zoo_names() and name not in shipped_configs() and not os.path.exists(name)


def weights_file(name: str | None) -> str | None:
    """The checkpoint that a user means: a published detector's, or the word itself.

    Raises:
        UserError: As of :func:`published_checkpoint`.
    """
    return published_checkpoint(name) if name is not None and is_published(name) else name


def published_checkpoint(name: str) -> str:
    """The checkpoint of a published detector, converted; downloaded if need be.

    Once it is there, nothing is read or asked for but its place.

    Args:
        name: Of ``configs/zoo.yml``, full or short.

    Raises:
        UserError: If there is none of this name, or it cannot be downloaded or converted.
    """
    model = find_zoo_model(name)
    ready = converted_file(model)
    if ready is not None and ready.is_file():
        return str(ready)
    path = file_of(model)
    make_folder(path.parent)
    with locked(path, lambda: say(f'another process is downloading {model.name}: waiting ...')):
        with contextlib.ExitStack() as display:
            fetch(model, lambda: display.enter_context(shown(_title(model))))
        ready = converted_file(model)
        if not ready.is_file():
            _convert(path, ready, model)
    return str(ready)


def results_folder(checkpoint: str) -> Path:
    """Where results of a checkpoint go: beside it, or ``work_dirs/<name>`` for a published one."""
    path = Path(checkpoint)
    if path.absolute().is_relative_to(cache_folder()):
        return Path('work_dirs', path.stem)
    return path.parent


def _convert(path: Path, target: Path, model: ZooModel) -> None:
    """Write the converted checkpoint; this is the only call of the converter.

    Raises:
        UserError: If the file is none of an FCOS that can be converted.
    """
    from fcos_mm.apis.converting.convert import convert_checkpoint
    make_folder(target.parent)
    with scratch_folder(target) as folder:
        try:
            convert_checkpoint(str(path), str(folder / target.name), source=model.source,
                               variant=model.variant)
        except UserError as error:
            raise UserError(f'{model.name} cannot be converted. {error}\n'
                            f'The file of {model.source} is {path}.') from error
        others = [file for file in folder.iterdir() if file.name != target.name]
        for file in (*others, folder / target.name):  # the checkpoint, which is looked for, last
            file.replace(target.with_name(file.name))


def _title(model: ZooModel) -> str:
    size = f' ({model.file_size:.0f} MB)' if model.file_size else ''
    return f'{model.name}{size} from {model.address}'
