"""The OpenMMLab packages: are they installed, and mmdet's components."""
import contextlib
import importlib
import importlib.util
import io
import warnings

_PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmdet')
_PARTS_OF_MMDET = ('datasets', 'engine', 'evaluation', 'models', 'visualization')


def require_libraries() -> None:
    """Check that torch, mmengine, mmcv and mmdet can be found.

    Raises:
        ImportError: If one is missing; says how to install it.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f'fcos_mm needs {", ".join(missing)}, which this Python does not have. In a checkout '
            'of fcos_mm, run `make install`. Elsewhere, run '
            + '`pip install torch` and ' * ('torch' in missing) + '`pip install --no-deps -r '
            'requirements/mminstall.txt` with the file from the checkout.')


def register_mmdet() -> None:
    """Fill mmdet's registries, without its remarks on packages that are not installed.

    Raises:
        RuntimeError: If mmdet cannot be imported.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        for part in _PARTS_OF_MMDET:
            try:
                importlib.import_module(f'mmdet.{part}')
            except ImportError as error:
                # Of an ImportError mmengine would conclude that there is no scope
                # fcos_mm, and build mmdet's class of the same name.
                raise RuntimeError(f'mmdet.{part} cannot be imported: {error}') from error
