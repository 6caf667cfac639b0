"""What a component of this package says about its options, with the place in the config."""
from collections.abc import Iterator
from typing import Any

from fcos_mm.errors import UserError


def check_own_options(key: str, cfg: dict, error: Exception) -> None:
    """Explain why a part was not built, if a component of this package refused an option.

    Args:
        key: The dotted name of the part.
        cfg: The config it was built from.
        error: What building it raised.

    Raises:
        UserError: If it is a ``ValueError`` that this package raised.
    """
    frames = list(_frames(error))
    if not isinstance(error, ValueError) or not frames:
        return
    if not frames[-1].f_globals.get('__name__', '').startswith('fcos_mm.'):
        return
    places = dict(_places(cfg, key))
    # Registries hold the config of what they build, from the outermost to the innermost.
    held = [places.get(id(frame.f_locals.get('cfg'))) for frame in frames]
    place = [name for name in held if name is not None][-1:] or [key]
    raise UserError(f'{place[0]}: {error}.') from error


def _frames(error: Exception) -> Iterator[Any]:
    place = error.__traceback__
    while place is not None:
        yield place.tb_frame
        place = place.tb_next


def _places(cfg: Any, key: str) -> list[tuple[int, str]]:
    """The identity of every dict of a config, and its dotted name."""
    if not isinstance(cfg, dict):
        return []
    inner = [place for name, value in cfg.items() for place in _places(value, f'{key}.{name}')]
    return [(id(cfg), key), *inner]
