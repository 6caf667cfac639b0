"""Names of a package that are imported when they are first used (PEP 562)."""
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, Sequence[str]], first: str = 'sys'
                 ) -> tuple[Callable[[str], Any], list[str]]:
    """Export names of a package's modules without importing these modules.

    A package that also holds light modules can so be imported without the
    libraries that its heavy ones need::

        __getattr__, __all__ = lazy_exports(__name__, {'coco': ['CocoDataset']})

    Args:
        package: Name of the package.
        modules: The exported names by the module that defines them, relative
            to the package. A module without names is exported itself.
        first: Full name of a module that is imported before any of them.

    Returns:
        The package's ``__getattr__`` and ``__all__``.

    Raises:
        ValueError: If a name is that of a module, which hides it once it is
            imported.
    """
    origin = {name: module for module, names in modules.items() for name in names}
    hidden = sorted(origin.keys() & modules.keys())
    if hidden:
        raise ValueError(f'{package} exports {hidden} and has modules of the same names')
    submodules = [module for module, names in modules.items() if not names]

    def __getattr__(name: str) -> Any:
        if name in submodules:
            return importlib.import_module(f'{package}.{name}')
        if name not in origin:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        importlib.import_module(first)
        value = getattr(importlib.import_module(f'{package}.{origin[name]}'), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__, sorted([*origin, *submodules])
