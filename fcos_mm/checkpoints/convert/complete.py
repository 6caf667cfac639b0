"""Whether converted weights are those of the model that their config describes."""
import copy

import torch
from mmengine.registry import DefaultScope

from fcos_mm.checkpoints.convert.source import Converted
from fcos_mm.config import load_config
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import MODELS

_SHOWN = 5
_COUNTER = 'num_batches_tracked'  # nothing reads it


def check_complete(converted: Converted, source: str) -> None:
    """Make sure that a converted checkpoint has all weights of its model and no others.

    The model is built without memory for its weights (device ``meta``).

    Args:
        converted: The weights and the config.
        source: Of the message.

    Raises:
        UserError: If a weight is missing, left over or of another shape.
    """
    wanted = _wanted(converted)
    found = {name: tuple(value.shape) for name, value in converted.weights.items()
             if not name.endswith(_COUNTER)}
    faults = [(f'{len(names)} weights {what}', names) for what, names in (
        ('are missing', [name for name in wanted if name not in found]),
        ('are left over', [name for name in found if name not in wanted]),
        ('have another shape', [f'{name} {found[name]} in place of {wanted[name]}' for name in
                                wanted if found.get(name, wanted[name]) != wanted[name]])) if names]
    if faults:
        text = '\n'.join(f'{what}: {first_few(names, _SHOWN)}' for what, names in faults)
        raise UserError(f'{source}: the weights are not those of the model that their shapes '
                        f'suggest.\n{text}\nConvert the file that the training wrote, unchanged.')


def _wanted(converted: Converted) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of the model."""
    cfg = load_config(converted.config)
    cfg.merge_from_dict(copy.deepcopy(converted.settings))
    with torch.device('meta'), DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()
            if not name.endswith(_COUNTER)}
