"""From a user's own data and the machine to the config of a training."""
from fcos_mm.lazy import lazy_exports

__getattr__, __all__ = lazy_exports(__name__, {
    'choice': ['Choice', 'show'],
    'config_file': ['config_text'],
    'recipe': ['Options', 'Recipe', 'make_recipe'],
}, first='fcos_mm.registry')
