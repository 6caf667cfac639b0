"""``image_size``: the size to which all pipelines bring images."""
from collections.abc import Callable
from typing import Any

from mmengine.config import Config

from fcos_mm.config.keys import is_number, type_name, walk
from fcos_mm.config.settings.given import Given

_RESIZING = {'Resize': 'scale', 'RandomResize': 'scale', 'RandomChoiceResize': 'scales'}
#: The argument of each transform that is a size in pixels, or a list of sizes.
_SIZES = {**_RESIZING, 'Pad': 'size', 'RandomCrop': 'crop_size', 'Mosaic': 'img_scale',
          'MixUp': 'img_scale', 'CachedMosaic': 'img_scale', 'CachedMixUp': 'img_scale'}
_LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')

Size = tuple[int, int]


def apply_image_size(cfg: Config | dict, given: Given) -> None:
    """Set the size of the images in all pipelines, and in test-time augmentation.

    The size of the config so far is the one of its test pipeline. Another size of a step is
    the part of it to which an image of that aspect ratio is scaled, and stays this part.
    """
    new = _size(given.value)
    if new is None:
        raise given.error('it must be one size in pixels, or width and height.\n'
                          f'Write {given.name} = (640, 480).')
    old = _present_size(cfg)
    if old is None:
        raise given.error(f'no pipeline resizes images to a size ({", ".join(_RESIZING)}).\n'
                          "Add dict(type='Resize', scale=..., keep_ratio=True) to the pipelines.")

    def scaled(size: Size) -> Size:
        part = min(max(size) / max(old), min(size) / min(old))
        return tuple(max(1, round(part * side)) for side in new)

    for name in (*_LOADERS, 'tta_pipeline'):
        if old != new and cfg.get(name) is not None:
            cfg[name] = _resized(cfg[name], scaled)


def _present_size(cfg: Config | dict) -> Size | None:
    """The size of the first pipeline that has one: of the test, the validation, the training."""
    for name in _LOADERS:
        sizes = [size for _, step in walk(cfg.get(name), name) if type_name(step) in _RESIZING
                 for size in _sizes(step.get(_RESIZING[type_name(step)]), type_name(step))]
        if sizes:
            return max(sizes)
    return None


def _resized(value: Any, scaled: Callable[[Size], Size]) -> Any:
    """A copy of a part of a config, each size in a transform replaced by ``scaled(size)``."""
    if isinstance(value, (list, tuple)):
        return type(value)(_resized(item, scaled) for item in value)
    if not isinstance(value, dict):
        return value
    copy = type(value)({key: _resized(item, scaled) for key, item in dict.items(value)})
    kind, name = type_name(value), _SIZES.get(type_name(value))
    sizes = [scaled(size) for size in _sizes(value.get(name), kind)]
    if sizes and value.get('crop_type', 'absolute') == 'absolute':
        copy[name] = sizes[0] if _size(value[name], kind) else sizes
    return copy


def _sizes(value: Any, kind: str) -> list[Size]:
    """The sizes of an argument that is one, or a list of them; none if it is neither."""
    one = _size(value, kind)
    parts = value if isinstance(value, (list, tuple)) and one is None else ()
    return [one] if one else [size for size in map(_size, parts) if size]


def _size(value: Any, kind: str = '') -> Size | None:
    """Width and height, from a pair or, for a square, one number; else None."""
    if kind == 'RandomChoiceResize':  # a list of sizes, which may be numbers
        return None
    pair = value if isinstance(value, (list, tuple)) else (value, value)
    whole = len(pair) == 2 and all(is_number(side, int) and side > 0 for side in pair)
    return tuple(pair) if whole else None
