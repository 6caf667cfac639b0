"""The test pipeline of a converted detector."""
from collections.abc import Mapping

_META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')


def testing_steps(resize: Mapping, load: Mapping = {}) -> list[dict]:
    """The steps of a test pipeline: load, resize, and what changes no pixel.

    Args:
        resize: Settings of ``Resize``.
        load: Settings of ``LoadImageFromFile``.
    """
    return [
        dict(type='LoadImageFromFile', **load),
        dict(type='Resize', **resize),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='PackDetInputs', meta_keys=_META_KEYS)]
