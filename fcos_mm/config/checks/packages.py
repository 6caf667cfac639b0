"""Components of mmdet and mmengine that need a package which is not always installed."""
import importlib.util
from typing import NamedTuple

from mmengine.config.utils import MODULE2PACKAGE


class Package(NamedTuple):
    """A package that can be installed.

    Attributes:
        module: What is imported.
        source: What ``pip install`` takes.
    """
    module: str
    source: str


_LVIS = Package('lvis', 'git+https://github.com/lvis-dataset/lvis-api.git')
_PANOPTIC = Package('panopticapi', 'git+https://github.com/cocodataset/panopticapi.git')
_PRETRAIN = Package('mmpretrain', 'mmpretrain')

_NEEDS: dict[str, Package] = {
    'Albu': Package('albumentations', 'albumentations'),
    'InstaBoost': Package('instaboostfast', 'instaboostfast'),
    'Corrupt': Package('imagecorruptions', 'imagecorruptions'),
    'TensorboardVisBackend': Package('tensorboard', 'tensorboard'),
    'WandbVisBackend': Package('wandb', 'wandb'),
    'MLflowVisBackend': Package('mlflow', 'mlflow'),
    'ClearMLVisBackend': Package('clearml', 'clearml'),
    'NeptuneVisBackend': Package('neptune', 'neptune'),
    'DVCLiveVisBackend': Package('dvclive', 'dvclive'),
    'AimVisBackend': Package('aim', 'aim'),
    'LVISDataset': _LVIS,
    'LVISV05Dataset': _LVIS,
    'LVISV1Dataset': _LVIS,
    'LVISMetric': _LVIS,
    'LVISFixedAPMetric': _LVIS,
    'CocoPanopticMetric': _PANOPTIC,
    'LoadPanopticAnnotations': _PANOPTIC,
    'CityScapesMetric': Package('cityscapesscripts', 'cityscapesscripts'),
    'COCOCaptionMetric': Package('pycocoevalcap', 'pycocoevalcap'),
    'MOTChallengeMetric': Package('trackeval',
                                  'git+https://github.com/JonathonLuiten/TrackEval.git'),
    'DumpODVGResults': Package('jsonlines', 'jsonlines'),
    'MemoryProfilerHook': Package('memory_profiler', 'memory_profiler psutil'),
    'DSDLDetDataset': Package('dsdl', 'dsdl'),
    'DODDataset': Package('d_cube', 'ddd-dataset'),
    'BertModel': Package('transformers', 'transformers'),
    'ByteTracker': Package('lap', 'lap'),
    'OCSORTTracker': Package('lap', 'lap'),
    'BaseReID': _PRETRAIN,
    'LinearReIDHead': _PRETRAIN,
    'ReIDDataPreprocessor': _PRETRAIN,
    'Lion': Package('lion_pytorch', 'lion-pytorch'),
    'DAdaptAdaGrad': Package('dadaptation', 'dadaptation'),
    'DAdaptAdam': Package('dadaptation', 'dadaptation'),
    'DAdaptSGD': Package('dadaptation', 'dadaptation'),
}


def missing_package(name: str) -> Package | None:
    """Find the package that a component lacks.

    Args:
        name: Its ``type``, with a scope in front or not.

    Returns:
        The package; None if nothing is known to be missing.
    """
    package = _NEEDS.get(name.rpartition('.')[2])
    return None if package is None or _is_installed(package.module) else package


def missing_scope(name: str) -> Package | None:
    """Find the package of an OpenMMLab scope that is not installed.

    Args:
        name: A ``type`` with a scope in front, such as ``'mmpretrain.ResNet'``.

    Returns:
        The package; None if its name is not known or it is installed.
    """
    scope = name.partition('.')[0]
    source = MODULE2PACKAGE.get(scope)
    return None if source is None or _is_installed(scope) else Package(scope, source)


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
