"""Child registries of mmdet's under the scope ``fcos_mm``.

A type that is not registered here resolves in mmdet and then in mmengine, so
plain mmdet types work under ``default_scope='fcos_mm'``. Inside a plain mmdet
config the components of this package are written ``'fcos_mm.FCOSHead'``.
"""
from mmdet import registry as mmdet
from mmengine import registry as mmengine
from mmengine.registry import Registry


def _child(parent: Registry, *rooms: str) -> Registry:
    """Make the child of a registry.

    Args:
        parent: A registry of mmdet, or of mmengine where mmdet has none.
        rooms: Subpackages whose import registers the components.
    """
    return Registry(
        parent.name,
        parent=parent,
        scope='fcos_mm',
        locations=[f'fcos_mm.{room}' for room in rooms])


MODELS = _child(mmdet.MODELS, 'models')
TASK_UTILS = _child(mmdet.TASK_UTILS, 'models')
DATASETS = _child(mmdet.DATASETS, 'datasets')
TRANSFORMS = _child(mmdet.TRANSFORMS, 'datasets')
HOOKS = _child(mmdet.HOOKS, 'engine')
METRICS = _child(mmdet.METRICS, 'evaluation')

# Nothing of ours yet: a registry without a child under our scope would be
# searched in mmengine's part only, and mmdet's types would not be found.
DATA_SAMPLERS = _child(mmdet.DATA_SAMPLERS, 'datasets')
EVALUATOR = _child(mmdet.EVALUATOR, 'evaluation')
FUNCTIONS = _child(mmengine.FUNCTIONS, 'datasets')
LOG_PROCESSORS = _child(mmdet.LOG_PROCESSORS, 'engine')
LOOPS = _child(mmdet.LOOPS, 'engine')
MODEL_WRAPPERS = _child(mmdet.MODEL_WRAPPERS, 'models')
OPTIM_WRAPPER_CONSTRUCTORS = _child(mmdet.OPTIM_WRAPPER_CONSTRUCTORS, 'engine')
OPTIM_WRAPPERS = _child(mmdet.OPTIM_WRAPPERS, 'engine')
OPTIMIZERS = _child(mmdet.OPTIMIZERS, 'engine')
PARAM_SCHEDULERS = _child(mmdet.PARAM_SCHEDULERS, 'engine')
RUNNER_CONSTRUCTORS = _child(mmdet.RUNNER_CONSTRUCTORS, 'engine')
RUNNERS = _child(mmdet.RUNNERS, 'engine')
VISBACKENDS = _child(mmdet.VISBACKENDS, 'engine')
VISUALIZERS = _child(mmdet.VISUALIZERS, 'engine')
WEIGHT_INITIALIZERS = _child(mmdet.WEIGHT_INITIALIZERS, 'models')
