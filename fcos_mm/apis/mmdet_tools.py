"""Run mmdet's own scripts on our configs: what ``fcos-mm mmdet`` does."""
import argparse
import contextlib
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import mmdet
from mmengine.config import Config, DictAction

from fcos_mm.compat.mmdet_scripts import name_seaborn_styles
from fcos_mm.config import load_config
from fcos_mm.config.loading import find_config
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

_NAMED_CONFIG = re.compile(r'\w+::.+\.py')


def run(args: argparse.Namespace) -> None:
    """Run a script as Python does, or list all of them.

    Raises:
        UserError: If there is no such script or config.
    """
    scripts = find_scripts()
    if args.script is None:
        print('\n'.join(scripts))
        return
    path = choose(args.script, scripts)
    words = [find_config(word) if _NAMED_CONFIG.fullmatch(word) else word for word in args.words]
    name_seaborn_styles()
    with _command_line(path, words), _our_way_to_load_configs(_options(path.name, words)):
        runpy.run_path(str(path), run_name='__main__')


def find_scripts() -> dict[str, Path]:
    """The scripts of the installed mmdet by their names in its folder of tools, the outer first.

    Raises:
        UserError: If mmdet was installed without them.
    """
    folder = Path(mmdet.__file__).parent / '.mim' / 'tools'
    paths = sorted(folder.rglob('*.py'), key=lambda path: (len(path.parts), path))
    if not paths:
        raise UserError(f'mmdet {mmdet.__version__} was installed without its scripts: there is no '
                        f'{folder}.\nInstall its wheel: pip install --force-reinstall --no-deps '
                        f'-r requirements/mminstall.txt')
    return {path.relative_to(folder).as_posix(): path for path in paths}


def choose(name: str, scripts: dict[str, Path]) -> Path:
    """The script of a name; the first of those with the same name in several folders.

    Raises:
        UserError: If there is none.
    """
    wanted = name.removesuffix('.py') + '.py'
    for inner, path in scripts.items():
        if inner == wanted or inner.endswith(f'/{wanted}'):
            return path
    known = [*scripts, *(path.name for path in scripts.values())]
    raise UserError(f'mmdet has no script {name}.{did_you_mean(wanted, known)}\n'
                    '`fcos-mm mmdet` lists them.')


def _options(script: str, words: list[str]) -> dict | None:
    """The settings behind ``--cfg-options``, which the script reads too."""
    parser = argparse.ArgumentParser(script, add_help=False, allow_abbrev=False)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_known_args(words)[0].cfg_options


@contextlib.contextmanager
def _our_way_to_load_configs(options: dict | None) -> Iterator[None]:
    """Let ``Config.fromfile`` apply settings at the top level of a config and among options."""
    fromfile = Config.fromfile

    def load(filename, *args, **kwargs):
        Config.fromfile = fromfile  # which load_config calls
        try:
            return load_config(str(filename), options)
        finally:
            Config.fromfile = load

    Config.fromfile = load
    try:
        yield
    finally:
        Config.fromfile = fromfile


@contextlib.contextmanager
def _command_line(path: Path, words: list[str]) -> Iterator[None]:
    """The script's own name, words and folder of modules, as if Python had been given it."""
    argv, modules = sys.argv, sys.path
    sys.argv, sys.path = [str(path), *words], [str(path.parent), *modules]
    try:
        yield
    finally:
        sys.argv, sys.path = argv, modules
