"""Child registries of mmdet's under the scope ``fcos_mm``.

A type that is not registered here resolves in mmdet and then in mmengine, so
plain mmdet types work under ``default_scope='fcos_mm'``. Inside a plain mmdet
config the components of this package are written ``'fcos_mm.FCOSHead'``.

mmengine imports this module when the scope is first named, and
``fcos_mm.components`` when a registry here is first asked.
"""
from fcos_mm.compat.libraries import register_mmdet, require_libraries

require_libraries()

from mmdet import registry as mmdet  # noqa: E402
from mmengine import registry as mmengine  # noqa: E402
from mmengine.registry import Registry  # noqa: E402

# A registry asked through a child does not import the modules of its parent.
register_mmdet()


def _child(parent: Registry) -> Registry:
    """Create the child of a registry and register it with the root as well.

    mmengine looks for a scope among the children of the registry at hand and of
    the root, so a sibling of mmdet's would not find the grandchild.

    Args:
        parent: A registry of mmdet, or of mmengine where mmdet has none.
    """
    child = Registry(
        parent.name, parent=parent, scope='fcos_mm', locations=['fcos_mm.components'])
    parent.root.children['fcos_mm'] = child
    return child


# Also those that nothing of ours is in: without a child under our scope a registry
# would be searched in mmengine's part only, and mmdet's types would not be found.
DATASETS = _child(mmdet.DATASETS)
DATA_SAMPLERS = _child(mmdet.DATA_SAMPLERS)
EVALUATOR = _child(mmdet.EVALUATOR)
FUNCTIONS = _child(mmengine.FUNCTIONS)
HOOKS = _child(mmdet.HOOKS)
LOG_PROCESSORS = _child(mmdet.LOG_PROCESSORS)
LOOPS = _child(mmdet.LOOPS)
METRICS = _child(mmdet.METRICS)
MODELS = _child(mmdet.MODELS)
MODEL_WRAPPERS = _child(mmdet.MODEL_WRAPPERS)
OPTIMIZERS = _child(mmdet.OPTIMIZERS)
OPTIM_WRAPPERS = _child(mmdet.OPTIM_WRAPPERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmdet.OPTIM_WRAPPER_CONSTRUCTORS)
PARAM_SCHEDULERS = _child(mmdet.PARAM_SCHEDULERS)
RUNNERS = _child(mmdet.RUNNERS)
RUNNER_CONSTRUCTORS = _child(mmdet.RUNNER_CONSTRUCTORS)
TASK_UTILS = _child(mmdet.TASK_UTILS)
TRANSFORMS = _child(mmdet.TRANSFORMS)
VISBACKENDS = _child(mmdet.VISBACKENDS)
VISUALIZERS = _child(mmdet.VISUALIZERS)
WEIGHT_INITIALIZERS = _child(mmdet.WEIGHT_INITIALIZERS)
