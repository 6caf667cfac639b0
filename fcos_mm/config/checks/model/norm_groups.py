"""Group normalisation whose groups do not divide the channels."""

from torch import nn

from fcos_mm.errors import UserError


def check_norm_groups(key: str, error: Exception | None) -> None:
    """Explain why a part was not built, if it is a group normalisation.

    Args:
        key: The dotted name of the part.
        error: What building it raised; None if nothing.

    Raises:
        UserError: If the groups of a layer do not divide its channels.
    """
    found = _groups(error)
    if found is None:
        return
    groups, channels = found
    most = groups if groups > 1 else 33
    fitting = max((number for number in range(1, most) if channels % number == 0), default=1)
    raise UserError(
        f'{key}.norm_cfg.num_groups={groups} does not divide the {channels} channels of a layer '
        f'of {key}.\nSet {key}.norm_cfg.num_groups={fitting}, or channels that are a multiple of '
        'the groups.')


def _groups(error: Exception | None) -> tuple[int, int] | None:
    """The groups and channels of the layer that refused them."""
    place = error.__traceback__ if isinstance(
        error, (ValueError, ZeroDivisionError)) else None
    while place is not None:
        values = place.tb_frame.f_locals
        if isinstance(values.get('self'), nn.GroupNorm) and 'num_groups' in values:
            groups, channels = values['num_groups'], values['num_channels']
            return (groups, channels) if groups < 1 or channels % groups else None
        place = place.tb_next
    return None
