"""What a config file sets and what it reads, found without running it."""
import ast
import os.path as osp
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmengine.fileio import load
from yaml import YAMLError

from fcos_mm.errors import UserError

_BASE = '_base_'
# {{$NAME:default}} is no Python; {{_base_.name}} is, a set in a set.
_ENVIRONMENT = re.compile(r'\{\{\s*\$.*?\}\}')
_REFERENCE = re.compile(r'\{\{\s*_base_\.(\w+)')


@dataclass
class Source:
    """A config file.

    Attributes:
        path: The file.
        bases: The files that it inherits.
        assigned: The names that it sets, without those that begin with ``_``.
        places: The dotted keys into which a name was put when the file was
            read; ``''`` where it was read for something else. A name of its
            bases is ``_base_.NAME``.
        referred: The names of its bases that it reads.
        written: The dotted keys of the plain values that it sets.
        modules: The modules that it imports.
        is_lazy: Whether it inherits by ``with read_base():``.
    """

    path: str
    bases: list['Source'] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    places: dict[str, list[str]] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    is_lazy: bool = False

    @property
    def is_written_out(self) -> bool:
        """Whether it inherits nothing and computes nothing, as a config that was dumped."""
        return not self.bases and not set(self.assigned) & set(self.places)

    @property
    def is_shipped(self) -> bool:
        """Whether it is a file of an installed package."""
        folders = Path(osp.realpath(self.path)).parts
        return not {'site-packages', 'dist-packages', '.mim'}.isdisjoint(folders)

    @property
    def keys(self) -> set[str]:
        """All dotted keys that it sets, by a plain value or a name."""
        return self.written.union(*self.places.values())

    def below(self) -> Iterator['Source']:
        """The file itself, then all that it inherits."""
        yield self
        for base in self.bases:
            yield from base.below()

    def inherited(self, name: str):
        """The value that a top-level name has in what the file inherits; None if it has none."""
        for base in self.bases:
            values = Config.fromfile(base.path, import_custom_modules=False)
            if name in values:
                return values[name]
        return None


def read_source(path: str, find: Callable[[str], str]) -> Source:
    """Analyse a config file and all that it inherits.

    Args:
        path: The file.
        find: From ``package::path`` to a path.

    Returns:
        The file; without names where it cannot be analysed.
    """
    source = Source(osp.abspath(path))
    try:
        if path.endswith('.py'):
            text = _ENVIRONMENT.sub('0', Path(path).read_text(encoding='utf-8'))
            names = _read_python(source, ast.parse(text))
        else:
            names = _read_data(source)
        source.bases = [read_source(_join(source.path, name, find), find) for name in names]
    except (SyntaxError, ValueError, OSError, UserError, YAMLError):
        # The config has been loaded, so it is right in a way that is not understood here.
        return Source(source.path)
    return source


def _join(path: str, name: str, find: Callable[[str], str]) -> str:
    return find(name) if '::' in name else osp.join(osp.dirname(path), name)


def _read_data(source: Source) -> list[str]:
    """Read a JSON or YAML file; returns the names of its bases."""
    content = load(source.path)
    source.assigned = [name for name in content if not name.startswith('_')]
    source.written = set(_data_keys(content))
    source.referred = set(_REFERENCE.findall(Path(source.path).read_text(encoding='utf-8')))
    bases = content.get(_BASE, [])
    return bases if isinstance(bases, list) else [bases]


def _data_keys(content, path: str = '') -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _data_keys(value, f'{path}.{name}' if path else name)
    else:
        yield path


def _read_python(source: Source, tree: ast.Module) -> list[str]:
    """Read a Python file; returns the names of its bases."""
    reader = _Reader(source)
    reader.statements(tree.body)
    # What a file reads without setting it comes from a base (``from .base import *``).
    inherited = set(source.places).difference(source.assigned)
    source.referred |= inherited if source.is_lazy else set()
    return reader.bases


class _Reader:
    """Goes through the statements of a file in their order."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.bases: list[str] = []

    def statements(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self.assignment(node)
        elif isinstance(node, ast.With) and _is_read_base(node):
            self.source.is_lazy = True
            self.bases += [name for line in node.body for name in _imported_files(line)]
        elif isinstance(node, ast.Delete):
            gone = {target.id for target in node.targets if isinstance(target, ast.Name)}
            self.source.assigned = [name for name in self.source.assigned if name not in gone]
        elif isinstance(node, ast.Expr):
            self.expression(node.value)
        elif isinstance(node, ast.Import):
            self.source.modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            self.source.modules.update([node.module] if node.module and not node.level else [])
        else:
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.stmt):
                    self.statement(part)
                else:
                    self.reads(part, '')

    def assignment(self, node) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [name for target in targets for name in _names(target)]
        if _BASE in names:
            bases = ast.literal_eval(node.value)
            self.bases += bases if isinstance(bases, (list, tuple)) else [bases]
            return
        self.source.assigned += [name for name in names if not name.startswith('_')]
        if node.value is not None:
            # A name that is made from its own old value is not read by that.
            self.reads(node.value, _path(targets[0]), own=names)

    def expression(self, node: ast.expr) -> None:
        """A call such as ``model.update(...)`` changes what it stands at, and reads the rest."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            path = _path(node.func.value)
            for part in node.args:
                self.reads(part, path)
            for word in node.keywords:
                self.reads(word.value, _joined(path, word.arg))
        else:
            self.reads(node, '')

    def reads(self, node: ast.AST, path: str, own: tuple[str, ...] = ()) -> None:
        """Note every name that an expression reads, and the key where its value goes."""
        if isinstance(node, ast.Attribute) and getattr(node.value, 'id', None) == _BASE:
            self.source.referred.add(node.attr)
            self.note(f'{_BASE}.{node.attr}', path)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load) and node.id not in own:
                self.note(node.id, path)
        elif isinstance(node, ast.Constant):
            self.source.written.add(path)
        elif isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict':
            for part in node.args:
                self.reads(part, path, own)
            for word in node.keywords:
                self.reads(word.value, _joined(path, word.arg), own)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                self.reads(value, _joined(path, getattr(key, 'value', None)), own)
        elif isinstance(node, (ast.List, ast.Tuple)):
            for index, part in enumerate(node.elts):
                self.reads(part, _joined(path, index), own)
        else:
            for part in ast.iter_child_nodes(node):
                self.reads(part, path, own)

    def note(self, name: str, path: str) -> None:
        places = self.source.places.setdefault(name, [])
        if path not in places:
            places.append(path)


def _joined(path: str, part: object | None) -> str:
    return path if part is None or not path else f'{path}.{part}'


def _path(node: ast.expr) -> str:
    """``model.neck`` for both ``model.neck`` and ``model['neck']``; else ``''``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return _joined(_path(node.value), node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return _joined(_path(node.value), node.slice.value)
    return ''


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else []
    return [name for part in parts for name in _names(part)]


def _is_read_base(node: ast.With) -> bool:
    call = node.items[0].context_expr
    return isinstance(call, ast.Call) and getattr(call.func, 'id', None) == 'read_base'


def _imported_files(node: ast.stmt) -> Iterator[str]:
    """The file of a relative import; those of installed packages are nobody's own."""
    if isinstance(node, ast.ImportFrom) and node.level and node.module:
        yield '../' * (node.level - 1) + node.module.replace('.', '/') + '.py'
