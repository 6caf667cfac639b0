"""The settings, in the order in which they are applied."""
from collections.abc import Callable
from typing import NamedTuple

from mmengine.config import Config

from fcos_mm.config.settings.classes import apply_classes, apply_metainfo
from fcos_mm.config.settings.data_root import apply_data_root
from fcos_mm.config.settings.epochs import apply_epochs
from fcos_mm.config.settings.files import apply_ann_files, apply_image_dirs
from fcos_mm.config.settings.given import Given
from fcos_mm.config.settings.image_size import apply_image_size
from fcos_mm.config.settings.levels import apply_levels, apply_regress_ranges
from fcos_mm.config.settings.rates import apply_batch_size, apply_lr


class Setting(NamedTuple):
    """What a top-level name does to a config, which may be a plain dict.

    Attributes:
        apply: Changes the config in place; a UserError if that is not possible.
        inner: Keys inside others by which a file says the same itself: it is then taken at
            its word, and the setting changes nothing.
    """
    apply: Callable[[Config | dict, Given], None]
    inner: tuple[str, ...]


SETTINGS: dict[str, Setting] = {
    'data_root': Setting(apply_data_root, ('data_root', )),
    'ann_files': Setting(apply_ann_files, ('ann_file', )),
    'image_dirs': Setting(apply_image_dirs, ('data_prefix', )),
    'metainfo': Setting(apply_metainfo, ('metainfo', )),
    'classes': Setting(apply_classes, ('metainfo', )),
    'image_size': Setting(apply_image_size, ('pipeline', )),
    'batch_size': Setting(apply_batch_size, ('batch_size', )),
    'epochs': Setting(apply_epochs, ('max_epochs', 'max_iters')),
    'lr': Setting(apply_lr, ('optimizer.lr', )),
    'levels': Setting(apply_levels, ('strides', 'start_level', 'end_level', 'num_outs')),
    'regress_ranges': Setting(apply_regress_ranges, ('regress_ranges', )),
}
