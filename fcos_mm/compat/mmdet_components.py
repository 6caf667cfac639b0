"""Fills mmdet's registries, so that every plain mmdet type can be named."""
import contextlib
import importlib
import io
import warnings

_ROOMS = ('datasets', 'engine', 'evaluation', 'models', 'visualization')


def register_mmdet() -> None:
    """Import what mmdet registers, without its remarks on packages that are not installed.

    Raises:
        RuntimeError: If mmdet cannot be imported.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        for room in _ROOMS:
            try:
                importlib.import_module(f'mmdet.{room}')
            except ImportError as error:
                # Of an ImportError mmengine would conclude that there is no scope
                # fcos_mm, and build mmdet's class of the same name.
                raise RuntimeError(f'mmdet.{room} cannot be imported: {error}') from error
