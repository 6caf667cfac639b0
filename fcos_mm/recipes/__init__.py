"""From a user's own data and the machine to the config of a training."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'choice': ['Choice', 'show'],
    'config_file': ['BASE', 'config_text', 'options_of', 'write_config'],
    'coverage': ['coverage_lines'],
    'machine': ['this_machine'],
    'recipe': ['Options', 'choose_model', 'choose_training'],
    'schedule': ['Speed'],
}, first='fcos_mm.registry')
