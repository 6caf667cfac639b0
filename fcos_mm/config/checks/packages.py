"""Find packages that a config needs and that are not installed."""
import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from fcos_mm.config.keys import walk


class Package(NamedTuple):
    """A package: the module that is imported, and what ``pip install`` takes."""
    module: str
    source: str


# The module that a component of mmdet or mmengine imports, and what ``pip install`` takes if
# that differs.
_MODULES = {
    **{f'{name}VisBackend': name.lower() for name in (
        'Aim', 'ClearML', 'DVCLive', 'MLflow', 'Neptune', 'Tensorboard', 'Wandb')},
    **dict.fromkeys(('BaseReID', 'LinearReIDHead', 'ReIDDataPreprocessor'), 'mmpretrain'),
    **dict.fromkeys(('ByteTracker', 'OCSORTTracker'), 'lap'),
    **dict.fromkeys(('CocoPanopticMetric', 'LoadPanopticAnnotations'), 'panopticapi'),
    **dict.fromkeys(('DAdaptAdaGrad', 'DAdaptAdam', 'DAdaptSGD'), 'dadaptation'),
    **dict.fromkeys(('LVISDataset', 'LVISV05Dataset', 'LVISV1Dataset', 'LVISMetric',
                     'LVISFixedAPMetric'), 'lvis'),
    'Albu': 'albumentations',
    'BertModel': 'transformers',
    'COCOCaptionMetric': 'pycocoevalcap',
    'CityScapesMetric': 'cityscapesscripts',
    'Corrupt': 'imagecorruptions',
    'DODDataset': 'd_cube',
    'DSDLDetDataset': 'dsdl',
    'DumpODVGResults': 'jsonlines',
    'InstaBoost': 'instaboostfast',
    'Lion': 'lion_pytorch',
    'MOTChallengeMetric': 'trackeval',
    'MemoryProfilerHook': 'memory_profiler',
}
_SOURCES = {
    'd_cube': 'ddd-dataset',
    'lion_pytorch': 'lion-pytorch',
    'lvis': 'git+https://github.com/lvis-dataset/lvis-api.git',
    'memory_profiler': 'memory_profiler psutil',
    'panopticapi': 'git+https://github.com/cocodataset/panopticapi.git',
    'trackeval': 'git+https://github.com/JonathonLuiten/TrackEval.git',
}
_SCHEMES = ('torchvision://', 'modelzoo://')


def missing_package(name: str) -> Package | None:
    """The package that a ``type`` lacks, by its name; None if nothing is known to be missing."""
    module = _MODULES.get(name.rpartition('.')[2])
    if module is None or _is_installed(module):
        return None
    return Package(module, _SOURCES.get(module, module))


def missing_scope(name: str) -> Package | None:
    """The OpenMMLab package that a ``type`` such as ``'mmpretrain.ResNet'`` lacks, or None."""
    scope = name.partition('.')[0]
    source = MODULE2PACKAGE.get(scope)
    return None if source is None or _is_installed(scope) else Package(scope, source)


def weight_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find addresses of weights to start from that only torchvision can resolve."""
    if mode != 'train' or _is_installed('torchvision'):
        return
    for key, value in walk(cfg.get('model'), 'model'):
        if isinstance(value, str) and value.startswith(_SCHEMES):
            yield (f'{key} is {value!r}, which only torchvision can resolve, and it is not '
                   'installed.\nInstall it, pip install torchvision, or give the plain address or '
                   'a file of the weights.')


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
