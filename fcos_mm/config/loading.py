"""Load a config and merge the options of the command line into it."""
import os.path as osp
import traceback
from pathlib import Path, PurePath
from types import BuiltinFunctionType

from mmengine.config import Config

from fcos_mm.compat.config import raw_items
from fcos_mm.config.custom_modules import import_custom_modules
from fcos_mm.config.keys import known_keys
from fcos_mm.config.options import merge_options
from fcos_mm.config.settings import in_every_scope
from fcos_mm.config.shipped import find_config
from fcos_mm.config.source import read_source
from fcos_mm.config.unread import check_unread
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS


def load_config(name: str, options: dict | None = None) -> Config:
    """Load a config by its path or its name in a package.

    Settings at the top level of a child (``data_root``, ``classes``, ``epochs``, ...) hold
    wherever they belong, in what it inherits too; ``Config.fromfile`` applies them. Folders
    of modules that the config imports are put on ``sys.path``.

    Args:
        name: A path, ``package::path`` as in ``fcos_mm::demo/....py``, or the short name of a
            shipped config.
        options: Settings to change, by dotted keys.

    Raises:
        UserError: If there is no such config, it cannot be read, or it or an option sets
            what nothing reads.
    """
    MODELS.import_from_location()  # every type that a config may name
    path = find_config(name)
    cfg = _read(path)
    source = read_source(path, find_config)
    import_custom_modules(cfg, source)
    if '::' not in name and not source.is_shipped:
        check_unread(cfg, source)
    merge_options(cfg, options or {}, source)
    _make_plain(cfg)
    return cfg


def _read(path: str) -> Config:
    try:
        with in_every_scope():
            return Config.fromfile(path, import_custom_modules=False)
    except UserError:
        raise
    except Exception as error:  # whatever the lines of a config may raise
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if osp.realpath(frame.filename) ==
                 osp.realpath(path)]
        where = f'{path}, line {lines[-1]},' if lines else path
        raise UserError(
            f'Config {where} cannot be loaded: {type(error).__name__}: {error}') from error


def _make_plain(cfg: Config) -> None:
    """Leave values only: a dumped config has to be readable."""
    known = known_keys(cfg)
    for name, value in list(raw_items(cfg)):
        if name not in known and isinstance(value, (type, BuiltinFunctionType)):
            cfg.pop(name)  # ``from pathlib import Path``
        elif isinstance(value, (PurePath, dict, list, tuple)):
            cfg[name] = _without_paths(value)


def _without_paths(value):
    """The value with its paths as text."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, dict):
        for key, item in dict.items(value):
            if isinstance(item, (PurePath, dict, list, tuple)):
                value[key] = _without_paths(item)
    elif type(value) in (list, tuple):
        return type(value)(_without_paths(item) for item in value)
    return value


def set_work_dir(cfg: Config, work_dir: str | None) -> None:
    """Set where the run writes: the option, else the config's own, else by the config's name."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', Path(cfg.filename).stem)
