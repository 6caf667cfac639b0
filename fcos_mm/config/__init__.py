"""From a config's name and options to a resolved config, and whether it can work."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'checks.check': ['check_config'],
    'loading': ['load_config', 'set_work_dir'],
    'options': ['merge_options'],
    'settings.data_root': ['set_data_root'],
    'shipped': ['find_config']})
