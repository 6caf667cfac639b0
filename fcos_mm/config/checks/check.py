"""``check_config``: every check that a config must pass before anything is built."""
from mmengine.config import Config

from fcos_mm.config.checks.components import check_components
from fcos_mm.config.checks.dataloaders import check_dataloaders
from fcos_mm.config.checks.datasets import check_datasets
from fcos_mm.config.checks.evaluators import check_evaluators
from fcos_mm.config.checks.kinds import check_kinds
from fcos_mm.config.checks.loops import check_loops
from fcos_mm.config.checks.model.detection_limits import check_detection_limits
from fcos_mm.config.checks.model.model_shapes import check_model_shapes
from fcos_mm.config.checks.pipelines import check_pipelines
from fcos_mm.config.checks.schedules import check_schedules
from fcos_mm.config.checks.settings import check_settings
from fcos_mm.config.checks.weights import check_weights
from fcos_mm.faults import Faults

_CHECKS = (
    check_components,
    check_settings,
    check_datasets,
    check_dataloaders,
    check_pipelines,
    check_loops,
    check_schedules,
    check_detection_limits,
    check_evaluators,
    check_weights,
    check_model_shapes,
)


def check_config(cfg: Config, mode: str) -> None:
    """Check a resolved config without its data.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``: the parts that will be built.

    Raises:
        UserError: If the config cannot work; the message names the keys and
            the remedy, of every fault that can be seen beside the others.
    """
    check_kinds(cfg, mode)  # the others rely on it
    faults = Faults('the config')
    for check in _CHECKS:
        with faults.gather():
            check(cfg, mode)
    faults.raise_all()
