"""From a config's name and options to a resolved config, and whether it can work."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'checks.check': ['check_config'],
    'loading': ['find_config', 'load_config', 'set_work_dir'],
    'options': ['merge_options'],
    'top_level': ['set_data_root'],
})
