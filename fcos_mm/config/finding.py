"""Find a config by its path or by its name in a package."""
import importlib.util
import os.path as osp
from pathlib import Path

from fcos_mm.errors import UserError


def find_config(name: str) -> str:
    """The path of a config given by path or as ``package::path``; a UserError if there is none."""
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
