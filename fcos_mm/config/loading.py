"""Loading a config and putting the command line's options into it."""
import importlib.util
import os.path as osp
from pathlib import Path
from typing import Optional

from mmengine.config import Config

from fcos_mm.config.data_root import set_data_root
from fcos_mm.errors import UserError


def load_config(name: str, options: Optional[dict] = None) -> Config:
    """Load a config by its path or its name in a package.

    Args:
        name: A path, or ``package::path`` as in ``fcos_mm::demo/....py``.
        options: Settings to change, by dotted keys. ``data_root`` moves the
            datasets and the metrics along.

    Raises:
        UserError: If there is no such config, it cannot be read, or an
            option does not fit it.
    """
    from fcos_mm import components  # noqa: F401  every type that a config may name
    path = find_config(name)
    try:
        cfg = Config.fromfile(path)
    except (SyntaxError, KeyError, TypeError, FileNotFoundError, ModuleNotFoundError) as error:
        raise UserError(f'Config {path} cannot be loaded: {error}') from error
    options = dict(options or {})
    if 'data_root' in options and 'data_root' in cfg:
        set_data_root(cfg, options.pop('data_root'))
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, IndexError, AssertionError) as error:
        raise UserError(
            f'--cfg-options does not fit {path}: {error}\n'
            'Write the keys as they are nested in the config, e.g. '
            'train_dataloader.batch_size=4.') from error
    return cfg


def find_config(name: str) -> str:
    """The path of a config given by path or as ``package::path``.

    Args:
        name: The path or name.

    Raises:
        UserError: If there is no such file.
    """
    package, separator, inner = name.partition('::')
    path = osp.join(_config_folder(package), inner) if separator else name
    if not osp.isfile(path):
        raise UserError(
            f'Config not found: {path}\nGive the path of a config file, or the name of one that '
            'fcos_mm ships, e.g. fcos_mm::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py.')
    return path


def _config_folder(package: str) -> str:
    """The folder of the configs that an installed package ships."""
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        raise UserError(f'There is no installed package {package!r} to take a config from.')
    folder = Path(spec.origin).parent
    shipped = folder / '.mim' / 'configs'
    # A source tree that is on the path but not installed has them beside it.
    return str(shipped if shipped.is_dir() else folder.parent / 'configs')


def set_work_dir(cfg: Config, work_dir: Optional[str]) -> None:
    """Set where the run writes: the option, the config's own, or by its name.

    Args:
        cfg: The config, changed in place.
        work_dir: The option of the command line.
    """
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = osp.join('work_dirs', Path(cfg.filename).stem)
