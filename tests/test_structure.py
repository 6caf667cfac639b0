"""The plan of the package: no import from a floor above, and no folder that becomes a store."""
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'fcos_mm'

#: From the ground up: a module imports from its own room and from those before it.
FLOORS = ('version', 'errors', 'lazy', 'faults', 'atomic_file', 'compat', 'runtime', 'serving',
          'detection', 'registry', 'config', 'datasets', 'models', 'checkpoints', 'ranking',
          'speed', 'evaluation', 'visualization', 'pages', 'engine', 'doctor', 'export', 'analysis',
          'report', 'components', 'recipes', 'data_report', 'browse', 'apis', 'api', 'paper',
          'cli', '__main__')


def imports(file: Path) -> Iterator[str]:
    """The names of ours that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == 'fcos_mm':
            yield from (f'fcos_mm.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or '.'
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room(name: str) -> str:
    return name.split('.')[1]


@pytest.mark.parametrize('floor', FLOORS)
def test_no_import_goes_up(floor):
    files = [PACKAGE / f'{floor}.py', *(PACKAGE / floor).rglob('*.py')]
    upward = [f'{file.relative_to(ROOT)} imports {name}' for file in files if file.exists()
              for name in imports(file) if name.startswith('fcos_mm.')
              and FLOORS.index(room(name)) > FLOORS.index(floor)]
    assert not upward


def test_every_room_has_a_floor():
    rooms = {path.stem for path in PACKAGE.iterdir()
             if path.suffix == '.py' or (path / '__init__.py').exists()}
    assert rooms - {'__init__'} == set(FLOORS)


def test_imports_are_absolute():
    assert [file.name for file in PACKAGE.rglob('*.py') for name in imports(file)
            if name.startswith('.')] == []


@pytest.mark.parametrize('folder', sorted(
    {file.parent.relative_to(ROOT) for file in PACKAGE.rglob('*.py')}))
def test_no_folder_holds_more_than_twenty_files(folder):
    assert len(list((ROOT / folder).glob('*.py'))) <= 20
