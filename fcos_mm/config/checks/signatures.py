"""Which arguments a component accepts, read from its constructors without calling them."""
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
# Constructors that keep their **kwargs, and whom they give them to later.
_KEPT_FOR = {CheckpointHook: Runner.save_checkpoint}


@functools.lru_cache(maxsize=None)
def accepted_arguments(component) -> frozenset[str] | None:
    """Find the keyword arguments of a class or function.

    Keywords that a constructor hands to ``super().__init__`` are followed
    through the classes that it inherits from. Where ``**kwargs`` go anywhere
    else, nobody can tell from outside.

    Args:
        component: A class or another callable.

    Returns:
        The names; None if they cannot be known, so that any may be right.
    """
    if not inspect.isclass(component):
        return _of_function(component)
    if type(component).__call__ is not type.__call__ or component.__new__ is not object.__new__:
        return None
    names = _of_constructors(component)
    if names is not None and issubclass(component, ManagerMixin):
        names |= {'name'}
    return names


def _of_function(function) -> frozenset[str] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(p.name for p in parameters if p.kind in _NAMED)


def _of_constructors(component: type) -> frozenset[str] | None:
    names = set()
    for cls in component.__mro__:
        if cls in _ENDS:
            break
        constructor = vars(cls).get('__init__')
        if constructor is None:
            continue
        if not inspect.isfunction(constructor) or hasattr(constructor, '__wrapped__'):
            return None
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        names.update(p.name for p in parameters if p.kind in _NAMED)
        rest = [p.name for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD]
        if not rest:
            break
        if cls in _KEPT_FOR:
            names.update(inspect.signature(_KEPT_FOR[cls]).parameters)
            break
        if not _only_handed_on(constructor, rest[0], cls.__name__):
            return None
    return frozenset(names)


def _only_handed_on(constructor, name: str, cls: str) -> bool:
    """Whether ``**name`` goes to the next class's constructor and nowhere else."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    except (OSError, TypeError, SyntaxError):
        return False
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    handed_on = [word.value for node in ast.walk(tree) if _calls_next_constructor(node, cls)
                 for word in node.keywords if word.arg is None]
    return bool(uses) and all(any(use is value for value in handed_on) for use in uses)


def _calls_next_constructor(node: ast.AST, cls: str) -> bool:
    """Whether this is ``super().__init__(...)`` or ``super(cls, self).__init__(...)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            and node.func.attr == '__init__' and isinstance(node.func.value, ast.Call)):
        return False
    parent = node.func.value
    first = [getattr(argument, 'id', None) for argument in parent.args[:1]]
    return getattr(parent.func, 'id', None) == 'super' and first in ([], [cls])


@functools.lru_cache(maxsize=None)
def module_texts(component) -> tuple[str, ...]:
    """The source of the modules that a class and its parents are written in.

    Args:
        component: A class; a function has its own module.
    """
    classes = component.__mro__ if inspect.isclass(component) else (component,)
    modules = {getattr(cls, '__module__', None) for cls in classes} - {'builtins', None}
    texts = []
    for name in sorted(modules):
        try:
            texts.append(inspect.getsource(sys.modules[name]))
        except (KeyError, OSError, TypeError):
            continue
    return tuple(texts)
