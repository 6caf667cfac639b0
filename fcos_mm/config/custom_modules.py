"""Import the user's own modules that a config names."""
import importlib
import importlib.util
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from fcos_mm.config.source import Source
from fcos_mm.errors import UserError

_LEVELS = 4  # number of folders above the config in which a module is looked for


def import_custom_modules(cfg: Config, source: Source) -> None:
    """Import what ``custom_imports`` names, also from beside the config.

    A module that is not found is looked for in the folders of the config and of what it
    inherits, the current folder, and folders above the config; the folder that holds it is
    put on ``sys.path``.

    Raises:
        UserError: If a module is nowhere. Errors inside a module pass through.
    """
    custom = cfg.get('custom_imports') or {}
    names = _names(custom, source)
    own = [Path(file.path).parent for file in source.below() if not file.is_shipped]
    above = list(Path(source.path).parent.parents)[:_LEVELS]
    folders = list(dict.fromkeys([*own, Path.cwd(), *above]))  # the nearest first
    lazily = {name for file in source.below() if file.is_lazy for name in file.modules}
    for name in [*names, *sorted(lazily)]:
        _make_importable(name, folders)
    if custom.get('allow_failed_imports'):
        import_modules_from_strings(**custom)
        return
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f'{name}.'.startswith(f'{error.name}.'):  # an import of the module itself
                raise
            raise UserError(
                f'custom_imports of {source.path} names the module {name!r}, which was not found.'
                '\nPut it beside the config or add its folder to PYTHONPATH. Looked for in '
                f'{", ".join(map(str, folders))}.') from error


def _names(custom, source: Source) -> list[str]:
    names = custom.get('imports') if isinstance(custom, dict) else custom
    names = [names] if isinstance(names, str) else names or []
    if isinstance(custom, dict) and isinstance(names, (list, tuple)) and all(
            isinstance(name, str) and name.replace('.', 'a').isidentifier() for name in names):
        return list(names)
    raise UserError(f'custom_imports of {source.path} is {custom!r}.\nWrite custom_imports = '
                    "dict(imports=['my_module']), modules without their .py.")


def _make_importable(name: str, folders: list[Path]) -> None:
    if importlib.util.find_spec(name.split('.')[0]) is not None:
        return
    for folder in folders:
        path = folder.joinpath(*name.split('.'))
        if path.is_dir() or path.with_suffix('.py').is_file():
            sys.path.append(str(folder))
            importlib.invalidate_caches()
            return
