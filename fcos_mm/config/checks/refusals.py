"""Explain why a part of a model cannot be built."""
import traceback

from torch import nn

from fcos_mm.config.keys import walk
from fcos_mm.errors import UserError


def explain_refusal(key: str, cfg: dict, error: Exception | None) -> None:
    """Explain an error of building a part, if its settings are the reason.

    Args:
        key: The dotted name of the part.
        cfg: Its config.
        error: What building it raised; None if nothing.

    Raises:
        UserError: If the groups of a group normalisation do not divide its channels, or a
            component of this package refuses an option.
    """
    if not isinstance(error, (ValueError, ZeroDivisionError)):
        return
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for values in (frame.f_locals for frame in frames):
        if isinstance(values.get('self'), nn.GroupNorm) and 'num_groups' in values:
            _check_groups(key, values['num_groups'], values['num_channels'])
            return
    if (isinstance(error, ValueError) and frames
            and frames[-1].f_globals.get('__name__', '').startswith('fcos_mm.')):
        # registries hold the config of what they build as `cfg`; the innermost counts
        places = {id(part): name for name, part in walk(cfg, key) if isinstance(part, dict)}
        held = [places.get(id(frame.f_locals.get('cfg'))) for frame in frames]
        place = next((name for name in reversed(held) if name is not None), key)
        raise UserError(f'{place}: {error}.') from error


def _check_groups(key: str, groups: int, channels: int) -> None:
    if groups >= 1 and channels % groups == 0:
        return
    most = groups if groups > 1 else 33
    fitting = max((number for number in range(1, most) if channels % number == 0), default=1)
    raise UserError(
        f'{key}.norm_cfg.num_groups={groups} does not divide the {channels} channels of a layer '
        f'of {key}.\nSet {key}.norm_cfg.num_groups={fitting}, or channels that are a multiple of '
        'the groups.')
