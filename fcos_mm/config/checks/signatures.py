"""Read from constructors which arguments a component accepts."""
import ast
import functools
import inspect
import sys
import textwrap

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmengine.utils import ManagerMixin
from torch import nn

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
# What takes no keywords of its own, whatever its signature says.
_ENDS = (object, nn.Module)
# Constructors that keep their **kwargs, and to whom they pass them later.
_KEPT_FOR = {CheckpointHook: Runner.save_checkpoint}


@functools.lru_cache(maxsize=None)
def accepted_arguments(component) -> frozenset[str] | None:
    """The keyword arguments of a class or another callable.

    ``**kwargs`` that a constructor passes to ``super().__init__`` are followed; None if
    they go anywhere else.
    """
    if not inspect.isclass(component):
        try:
            named, rest = _named(inspect.signature(component).parameters.values())
        except (TypeError, ValueError):
            return None
        return None if rest else frozenset(named)
    if type(component).__call__ is not type.__call__ or component.__new__ is not object.__new__:
        return None
    names = _of_constructors(component)
    return names | {'name'} if names is not None and issubclass(component, ManagerMixin) else names


def _of_constructors(component: type) -> frozenset[str] | None:
    names = set()
    for cls in component.__mro__:
        constructor = vars(cls).get('__init__')
        if cls in _ENDS:
            break
        if constructor is None:
            continue
        if not inspect.isfunction(constructor) or hasattr(constructor, '__wrapped__'):
            return None
        named, rest = _named(list(inspect.signature(constructor).parameters.values())[1:])
        names.update(named)
        if cls in _KEPT_FOR:
            names.update(inspect.signature(_KEPT_FOR[cls]).parameters)
        if not rest or cls in _KEPT_FOR:
            break
        if not _only_passed_on(constructor, rest[0], cls.__name__):
            return None
    return frozenset(names)


def _named(parameters) -> tuple[list[str], list[str]]:
    """The names of keywords, and of ``**kwargs``."""
    return ([p.name for p in parameters if p.kind in _NAMED],
            [p.name for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD])


def _only_passed_on(constructor, name: str, cls: str) -> bool:
    """Whether ``**name`` goes to the next class's constructor and nowhere else."""
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(constructor)))))
    except (OSError, TypeError, SyntaxError):
        return False
    next_constructor = ('super().__init__', f'super({cls}, self).__init__')
    passed_on = [word.value for node in nodes
                 if isinstance(node, ast.Call) and ast.unparse(node.func) in next_constructor
                 for word in node.keywords if word.arg is None]
    uses = [node for node in nodes if isinstance(node, ast.Name) and node.id == name]
    return bool(uses) and all(use in passed_on for use in uses)


@functools.lru_cache(maxsize=None)
def module_texts(component) -> tuple[str, ...]:
    """The source of the modules that define a class and its parents, or a function."""
    classes = component.__mro__ if inspect.isclass(component) else (component,)
    modules = {getattr(cls, '__module__', None) for cls in classes} - {'builtins', None}
    texts = []
    for name in sorted(modules):
        try:
            texts.append(inspect.getsource(sys.modules[name]))
        except (KeyError, OSError, TypeError):
            continue
    return tuple(texts)
