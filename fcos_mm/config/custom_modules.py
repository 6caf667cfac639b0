"""Modules of the user's own that a config imports."""
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from fcos_mm.config.source import Source
from fcos_mm.errors import UserError

_LEVELS = 4  # folders above the config in which a module is looked for


def import_custom_modules(cfg: Config, source: Source) -> None:
    """Import what ``custom_imports`` names, from beside the config too.

    The module's folder is put on ``sys.path`` if the module is not found without: the
    folder of the config or of one that it inherits, the current one, or one of the
    folders above the config.

    Args:
        cfg: The config.
        source: Its file.

    Raises:
        UserError: If a module is nowhere. Errors inside a module pass through.
    """
    custom = cfg.get('custom_imports') or {}
    names = _names(custom, source)
    lazily = {name for file in source.below() if file.is_lazy for name in file.modules}
    for name in [*names, *sorted(lazily)]:
        _make_importable(name, source)
    if custom.get('allow_failed_imports'):
        import_modules_from_strings(**custom)
        return
    for name in names:
        _import(name, source)


def _names(custom, source: Source) -> list[str]:
    names = custom.get('imports') if isinstance(custom, dict) else custom
    names = [names] if isinstance(names, str) else names or []
    if isinstance(custom, dict) and isinstance(names, (list, tuple)) and all(
            isinstance(name, str) and name.replace('.', 'a').isidentifier() for name in names):
        return list(names)
    raise UserError(f'custom_imports of {source.path} is {custom!r}.\nWrite custom_imports = '
                    "dict(imports=['my_module']), modules without their .py.")


def _make_importable(name: str, source: Source) -> None:
    if importlib.util.find_spec(name.split('.')[0]) is None:
        folder = next((folder for folder in _folders(source) if _holds(folder, name)), None)
        if folder is not None:
            sys.path.append(str(folder))
            importlib.invalidate_caches()


def _import(name: str, source: Source) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not _is_part(error.name, name):
            raise
        raise UserError(
            f'custom_imports of {source.path} names the module {name!r}, which is not found.\n'
            f'Put it beside the config or add its folder to PYTHONPATH. Looked for in '
            f'{", ".join(map(str, _folders(source)))}.') from error


def _is_part(missing: str | None, name: str) -> bool:
    return missing is not None and f'{name}.'.startswith(f'{missing}.')


def _folders(source: Source) -> list[Path]:
    """Where modules of the user's own may lie, the nearest first."""

    def candidates() -> Iterator[Path]:
        for file in source.below():
            if not file.is_shipped:
                yield Path(file.path).parent
        yield Path.cwd()
        yield from list(Path(source.path).parent.parents)[:_LEVELS]

    return list(dict.fromkeys(candidates()))


def _holds(folder: Path, name: str) -> bool:
    path = folder.joinpath(*name.split('.'))
    return path.is_dir() or path.with_suffix('.py').is_file()
