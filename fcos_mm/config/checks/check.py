"""``check_config``: every check that a config must pass before anything is built."""
import logging
from collections.abc import Callable, Iterable, Sequence

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log

from fcos_mm.config.checks.components import component_faults
from fcos_mm.config.checks.dataloaders import dataloader_faults, dataset_faults
from fcos_mm.config.checks.detections import evaluator_faults, limit_faults
from fcos_mm.config.checks.initialisation import init_faults
from fcos_mm.config.checks.loops import loop_faults
from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.config.checks.packages import weight_faults
from fcos_mm.config.checks.parts import section_faults
from fcos_mm.config.checks.pipelines import pipeline_faults
from fcos_mm.config.checks.pretrained import pip_weight_faults
from fcos_mm.config.checks.schedules import schedule_faults
from fcos_mm.config.checks.settings import setting_faults
from fcos_mm.faults import Faults, Note

#: A check takes a config and a mode, and yields a message for each fault; a ``Note`` is logged.
Check = Callable[[Config, str], Iterable[str]]

CHECKS: tuple[Check, ...] = (
    component_faults, setting_faults, dataset_faults, dataloader_faults, pipeline_faults,
    loop_faults, schedule_faults, limit_faults, evaluator_faults, weight_faults,
    init_faults, pip_weight_faults, shape_faults)


def check_config(cfg: Config, mode: str, checks: Sequence[Check] = CHECKS) -> None:
    """Check what a ``mode``, ``'train'`` or ``'test'``, builds of a resolved config, without data.

    Raises:
        UserError: If the config cannot work, with the keys and the remedy of every fault.
    """
    faults = Faults('the config')
    for check in (section_faults, *checks):
        with faults.gather():
            for message in check(cfg, mode):
                if not isinstance(message, Note):
                    faults.messages.append(message)
                elif is_main_process():
                    print_log(message, logger='current', level=logging.WARNING)
        if check is section_faults:
            faults.raise_all()  # the others rely on sections being dicts
    faults.raise_all()
