"""Whether the OpenMMLab packages are installed, and how to install them."""
import importlib.util

LIBRARIES = ('mmengine', 'mmcv', 'mmdet')


def require_libraries() -> None:
    """Check that mmengine, mmcv and mmdet can be found.

    Raises:
        ImportError: at least one is missing. The message names the missing
            packages and the command that installs them.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f'fcos_mm needs {", ".join(missing)}, which this Python does not have. In a checkout '
            'of fcos_mm run `make install`; elsewhere run `pip install --no-deps -r '
            'requirements/mminstall.txt` with the file from the checkout.')
