"""What OpenMMLab's packages lack, supplied when they are imported, in any order.

Nothing here imports torch or OpenMMLab: that happens when one of the named
modules is imported, by whoever needs it.
"""
import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Callable, Dict, Optional, Sequence

EXTENSION = 'mmcv._ext'

#: Module of OpenMMLab, and what changes it once it is imported.
ADAPTED = {
    'mmengine.config.utils': ('config_names', 'name_shipped_configs'),
    'mmengine.runner.checkpoint': ('checkpoint', 'secure_checkpoints'),
    'mmengine.infer.infer': ('inferencer', 'keep_scope_of_config'),
}


class OperatorFinder:
    """Finds ``mmcv._ext`` where mmcv was installed without its operators.

    The last finder: a compiled module is found before.
    """

    @staticmethod
    def find_spec(name: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Find the module, as the import system asks.

        Args:
            name: Full name of a module.
            path: ``__path__`` of its package.
            target: The module to reload.
        """
        return ModuleSpec(name, OperatorLoader(), origin='fcos_mm.compat') if (
            name == EXTENSION) else None


class OperatorLoader:
    """Fills the module ``mmcv._ext`` with the operators of ``fcos_mm.compat``."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Leave making the module to the import system.

        Args:
            spec: Of the module.
        """

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Fill the module.

        Args:
            module: The empty module.
        """
        importlib.import_module('fcos_mm.compat.extension').fill(module)


class ImportObserver:
    """The first finder: calls a function when a module has been imported.

    Args:
        actions: The functions, by the full name of the module.
    """

    def __init__(self, actions: Dict[str, Callable[[], object]]) -> None:
        self.actions = actions

    def find_spec(self, name: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Find a module of the list by the other finders and observe its loading.

        Args:
            name: Full name of a module.
            path: ``__path__`` of its package.
            target: The module to reload.
        """
        if name not in self.actions:
            return None
        others = (finder for finder in tuple(sys.meta_path) if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None:
            self._observe(spec.loader, self.actions[name])
        return spec

    @staticmethod
    def _observe(loader: object, action: Callable[[], object]) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            action()

        loader.exec_module = exec_module


def install() -> None:
    """Supply ``mmcv._ext`` where it is missing, and adapt what is or will be imported."""
    sys.meta_path.append(OperatorFinder)
    actions = {name: _adaptation(*place) for name, place in ADAPTED.items()}
    sys.meta_path.insert(0, ImportObserver(actions))
    for name, action in actions.items():
        if name in sys.modules:
            action()


def _adaptation(module: str, function: str) -> Callable[[], object]:
    return lambda: getattr(importlib.import_module(f'fcos_mm.compat.{module}'), function)()
