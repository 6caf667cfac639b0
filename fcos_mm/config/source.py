"""Find what a config file sets and what it reads, without running it."""
import ast
import os.path as osp
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmengine.fileio import load
from yaml import YAMLError

from fcos_mm.config.keys import walk
from fcos_mm.errors import UserError

_BASE = '_base_'
# {{$NAME:default}} is not Python; {{_base_.name}} is, a set in a set.
_ENVIRONMENT = re.compile(r'\{\{\s*\$.*?\}\}')
_REFERENCE = re.compile(r'\{\{\s*_base_\.(\w+)')


@dataclass
class Source:
    """A config file and those that it inherits.

    Attributes:
        assigned: The names that it sets, without those that begin with ``_``.
        places: By name, the dotted keys at which its value was used when the file was read;
            ``''`` for any other use. A name of its bases is ``_base_.NAME``.
        referred: The names of its bases that it reads.
        keys: All dotted keys that it sets.
        modules: The modules that it imports.
        is_lazy: Whether it inherits by ``with read_base():``.
    """

    path: str
    bases: list['Source'] = field(default_factory=list)
    assigned: list[str] = field(default_factory=list)
    places: dict[str, list[str]] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    is_lazy: bool = False

    @property
    def is_written_out(self) -> bool:
        """Whether it inherits nothing and computes nothing, like a dumped config."""
        return not self.bases and not set(self.assigned) & set(self.places)

    @property
    def is_shipped(self) -> bool:
        """Whether it is a file of an installed package."""
        folders = Path(osp.realpath(self.path)).parts
        return not {'site-packages', 'dist-packages', '.mim'}.isdisjoint(folders)

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
    """Analyse a config file and all that it inherits; without names where that fails.

    ``find`` turns ``package::path`` into a path.
    """
    source = Source(osp.abspath(path))
    try:
        names = _read_python(source) if path.endswith('.py') else _read_data(source)
        source.bases = [read_source(find(name) if '::' in name else
                                    osp.join(osp.dirname(source.path), name), find)
                        for name in names]
    except (SyntaxError, ValueError, OSError, UserError, YAMLError):
        # mmengine has loaded the config, so it is valid in a way that is not understood here
        return Source(source.path)
    return source


def _read_data(source: Source) -> list[str]:
    """Read a JSON or YAML file; returns the names of its bases."""
    content = load(source.path)
    source.assigned = [name for name in content if not name.startswith('_')]
    source.keys = {key for key, _ in walk(content)}
    source.referred = set(_REFERENCE.findall(Path(source.path).read_text(encoding='utf-8')))
    bases = content.get(_BASE, [])
    return bases if isinstance(bases, list) else [bases]


def _read_python(source: Source) -> list[str]:
    """Read a Python file; returns the names of its bases."""
    reader = _Reader(source)
    text = Path(source.path).read_text(encoding='utf-8')
    reader.visit(ast.parse(_ENVIRONMENT.sub('0', text)))
    if source.is_lazy:  # what it reads without setting it comes from a base
        source.referred |= set(source.places).difference(source.assigned)
    return reader.bases


class _Reader(ast.NodeVisitor):
    """Fills in a source from the statements of a Python file, in their order."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.bases: list[str] = []

    def generic_visit(self, node: ast.AST) -> None:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.stmt):
                self.visit(part)
            else:
                self.reads(part, '')

    def visit_Assign(self, node) -> None:
        targets = getattr(node, 'targets', None) or [node.target]
        names = [name for target in targets for name in _names(target)]
        if _BASE in names:
            bases = ast.literal_eval(node.value)
            self.bases += bases if isinstance(bases, (list, tuple)) else [bases]
            return
        self.source.assigned += [name for name in names if not name.startswith('_')]
        if node.value is not None:
            # A name that is made from its own old value is not read by that.
            self.reads(node.value, _path(targets[0]), own=names)

    visit_AnnAssign = visit_AugAssign = visit_Assign

    def visit_With(self, node: ast.With) -> None:
        if ast.unparse(node.items[0].context_expr) != 'read_base()':
            self.generic_visit(node)
            return
        self.source.is_lazy = True
        self.bases += ['../' * (line.level - 1) + line.module.replace('.', '/') + '.py'
                       for line in node.body if isinstance(line, ast.ImportFrom)
                       and line.level and line.module]  # no level: an installed package's

    def visit_Delete(self, node: ast.Delete) -> None:
        gone = {name for target in node.targets for name in _names(target)}
        self.source.assigned = [name for name in self.source.assigned if name not in gone]

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call such as ``model.update(...)`` sets keys of the value whose method it is."""
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            for part, place in _arguments(call, _path(call.func.value)):
                self.reads(part, place)
        else:
            self.reads(call, '')

    def visit_Import(self, node: ast.Import) -> None:
        self.source.modules.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.source.modules.update([node.module] if node.module and not node.level else [])

    def reads(self, node: ast.AST, path: str, own: list[str] = ()) -> None:
        """Note every name that an expression reads, and the key at which its value is used."""
        self.source.keys.add(path)
        if isinstance(node, ast.Attribute) and getattr(node.value, 'id', None) == _BASE:
            self.source.referred.add(node.attr)
            self.note(f'{_BASE}.{node.attr}', path)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load) and node.id not in own:
                self.note(node.id, path)
        else:
            for part, place in _parts(node, path):
                self.reads(part, place, own)

    def note(self, name: str, path: str) -> None:
        places = self.source.places.setdefault(name, [])
        if path not in places:
            places.append(path)


def _parts(node: ast.AST, path: str) -> list[tuple[ast.AST, str]]:
    """The expressions inside an expression, each with the key at which its value is used."""
    if isinstance(node, ast.Call) and getattr(node.func, 'id', None) == 'dict':
        return _arguments(node, path)
    if isinstance(node, ast.Dict):
        return [(value, _joined(path, getattr(key, 'value', None)))
                for key, value in zip(node.keys, node.values)]
    if isinstance(node, (ast.List, ast.Tuple)):
        return [(part, _joined(path, index)) for index, part in enumerate(node.elts)]
    return [(part, path) for part in ast.iter_child_nodes(node)]


def _arguments(call: ast.Call, path: str) -> list[tuple[ast.AST, str]]:
    return [*((part, path) for part in call.args),
            *((word.value, _joined(path, word.arg)) for word in call.keywords)]


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
    """The plain names among the targets of an assignment."""
    if isinstance(target, ast.Name):
        return [target.id]
    return [name for part in getattr(target, 'elts', ()) for name in _names(part)]
