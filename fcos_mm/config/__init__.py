"""From a config's name and options to a resolved config, and whether it can work."""
from fcos_mm.config.checks.check import check_config
from fcos_mm.config.loading import find_config, load_config, set_work_dir
from fcos_mm.config.options import merge_options
from fcos_mm.config.top_level import set_data_root

__all__ = ['check_config', 'find_config', 'load_config', 'merge_options', 'set_data_root',
           'set_work_dir']
