"""The only place that knows of library versions and of parts they lack.

Importing it checks that the OpenMMLab packages are there, supplies mmcv's
operators where mmcv has none, and makes the loading of checkpoints safe.
"""
from fcos_mm.compat.libraries import require_libraries

require_libraries()

from fcos_mm.compat.checkpoint import secure_checkpoints  # noqa: E402
from fcos_mm.compat.distributed import prepare_launch  # noqa: E402
from fcos_mm.compat.extension import MissingOperatorError, supply_operators  # noqa: E402

supply_operators()
secure_checkpoints()

__all__ = ['MissingOperatorError', 'prepare_launch', 'supply_operators']
