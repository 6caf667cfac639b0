"""The configs that fcos_mm ships: where they are, what they are called, what is known of them."""
import functools
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from fcos_mm.config.nearest import nearest
from fcos_mm.errors import UserError

PACKAGE = 'fcos_mm'


@dataclass(frozen=True)
class ConfigFacts:
    """What ``configs/metafile.yml`` says of a config.

    Attributes:
        name: The short name, the stem of the file.
        path: As in ``fcos_mm::<path>``.
        about: What it is.
        input_size: Of the test: shorter and longer side at most, or width and height.
        parameters: Of the detector, in millions.
        published: AP or AR of the paper or the code that it follows, and where; empty if none.
        pretrained: The address of the backbone's weights; empty for a start from scratch.
        weights: The address of a trained detector; empty if none is published.
    """

    name: str
    path: str
    about: str
    input_size: str
    parameters: float
    published: str = ''
    pretrained: str = ''
    weights: str = ''


def shipped_folder(name: str, package: str = PACKAGE) -> Path:
    """The folder ``configs`` or ``tools`` that an installed package ships.

    Raises:
        UserError: If there is no such package.
    """
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or spec.origin is None:
        raise UserError(f'There is no installed package {package!r} to take a config from.')
    folder = Path(spec.origin).parent
    shipped = folder / '.mim' / name
    # A source tree that is on the path but not installed has them beside it.
    return shipped if shipped.is_dir() else folder.parent / name


@functools.cache
def shipped_configs() -> dict[str, Path]:
    """The files of all configs that can be trained or tested, by short name."""
    files = sorted(shipped_folder('configs').glob('[!_]*/*.py'))
    return {file.stem: file for file in files}


def config_facts() -> list[ConfigFacts]:
    """What is known of each shipped config, in the order of ``configs/metafile.yml``."""
    import yaml
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    text = (shipped_folder('configs') / 'metafile.yml').read_bytes()
    return [_facts(model) for model in yaml.load(text, loader)['Models']]


def _facts(model: dict) -> ConfigFacts:
    known = model['Metadata']
    return ConfigFacts(
        name=model['Name'], path=model['Config'].partition('/')[2], about=known['Description'],
        input_size=known['Input'], parameters=known['Parameters (M)'],
        published=str(known.get('Published', '')), pretrained=known.get('Pretrained', ''),
        weights=model.get('Weights', ''))


def find_config(name: str) -> str:
    """The path of a config.

    Args:
        name: A path, ``package::path``, or the short name of a shipped config; ``.py`` may be
            left out.

    Raises:
        UserError: If there is none; suggests the most similar name.
    """
    package, separator, inner = name.partition('::')
    path = os.path.join(shipped_folder('configs', package), inner) if separator else name
    for file in (path, f'{path}.py', shipped_configs().get(name.removesuffix('.py'))):
        if file is not None and os.path.isfile(file):
            return str(file)
    raise UserError(f'Config not found: {path}{_suggestion(path)}\nGive the path of a config file, '
                    'or the name of one that fcos_mm ships: `fcos-mm configs` lists them.')


def _suggestion(path: str) -> str:
    """A question whether a file beside it, or a shipped config, of a similar name is meant."""
    folder, name = os.path.split(path)
    beside = {file.name: os.path.join(folder, file.name) for file in Path(folder).glob('*.py')}
    known = {**{file.name: short for short, file in shipped_configs().items()}, **beside}
    found = nearest(name if name.endswith('.py') else f'{name}.py', known, cutoff=0.75)
    return f'\nDid you mean {known[found]}?' if found else ''
