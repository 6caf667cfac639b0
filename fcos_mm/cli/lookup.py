"""Find the commands: every module below ``fcos_mm/cli`` that defines ``add_arguments``."""
import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

_FOLDER = Path(__file__).parent
# The way of a user's pictures comes first; the other commands follow in the order of their names.
_FIRST = ('demo', 'check-data', 'browse', 'convert', 'train', 'test', 'report', 'detect',
          'export', 'serve')


@dataclass(frozen=True)
class Command:
    """A command, known without an import of its module.

    Attributes:
        name: The word after ``fcos-mm``: the name of the file, with dashes.
        module: Its full name.
        summary: One line: what the first line of its docstring says behind the colon.
        group: The first line of the docstring of its folder.
    """

    name: str
    module: str
    summary: str
    group: str

    def load(self) -> ModuleType:
        """Import the module, which has ``add_arguments`` and ``run``."""
        return import_module(self.module)


@functools.cache
def commands() -> dict[str, Command]:
    """All commands by name, those of a folder together."""
    folders = (_FOLDER, *sorted(path.parent for path in _FOLDER.glob('*/__init__.py')))
    return {command.name: command for folder in folders
            for command in sorted(_in_folder(folder), key=_order)}


def find_command(name: str) -> Command:
    """The command of a name; its file's name, with underscores, is taken too.

    Raises:
        UserError: If there is none; suggests the most similar name.
    """
    known = commands()
    try:
        return known[name.replace('_', '-')]
    except KeyError:
        raise UserError(f'There is no command {name!r}.{did_you_mean(name, known)}\n'
                        '`fcos-mm --help` lists the commands.') from None


def _in_folder(folder: Path) -> Iterator[Command]:
    group = _first_line(ast.parse((folder / '__init__.py').read_bytes()))
    package = '.'.join(('fcos_mm.cli', *folder.relative_to(_FOLDER).parts))
    for file in folder.glob('*.py'):
        tree = ast.parse(file.read_bytes())
        if any(getattr(node, 'name', None) == 'add_arguments' for node in tree.body):
            yield Command(file.stem.replace('_', '-'), f'{package}.{file.stem}',
                          _first_line(tree).partition(': ')[2].rstrip('.'), group.rstrip('.'))


def _first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or '').partition('\n')[0]


def _order(command: Command) -> tuple[int, str]:
    place = _FIRST.index(command.name) if command.name in _FIRST else len(_FIRST)
    return place, command.name
