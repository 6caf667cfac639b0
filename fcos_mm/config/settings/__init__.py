"""Settings at the top level of a config that hold wherever they belong: ``epochs = 30``."""
from fcos_mm.config.settings.apply import (
    applied_names,
    apply_file,
    apply_options,
    in_every_scope,
    written_out,
)
from fcos_mm.config.settings.data_root import set_data_root
from fcos_mm.config.settings.table import SETTINGS

__all__ = ['SETTINGS', 'applied_names', 'apply_file', 'apply_options', 'in_every_scope',
           'set_data_root', 'written_out']
