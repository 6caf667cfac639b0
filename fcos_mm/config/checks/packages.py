"""Find packages that a config needs and that are not installed."""
import importlib.util
from collections.abc import Iterator

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from fcos_mm.config.keys import walk
from fcos_mm.config.pip_weights import NO_DOWNLOAD

# The module that a component imports, and what ``pip install`` takes if that differs.
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


def missing_package(name: str) -> str | None:
    """What to say of a ``type`` if a package is known to be missing for it."""
    module = _MODULES.get(name.rpartition('.')[2])
    return _missing(name, module, _SOURCES.get(module, module))


def missing_scope(name: str) -> str | None:
    """What to say of a ``type`` such as ``'mmpretrain.ResNet'`` if its package is missing."""
    scope = name.partition('.')[0]
    return _missing(name, scope, MODULE2PACKAGE.get(scope))


def _missing(name: str, module: str | None, source: str | None) -> str | None:
    if source is None or _is_installed(module):
        return None
    return (f'{name!r} needs the package {module}, which is not installed: '
            f'pip install {source}')


def weight_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find addresses of weights to start from that only torchvision can resolve."""
    if mode != 'train' or _is_installed('torchvision'):
        return
    for key, value in walk(cfg.get('model'), 'model'):
        if isinstance(value, str) and value.startswith(_SCHEMES):
            yield (f'{key} is {value!r}, which only torchvision can resolve, and it is not '
                   'installed.\nInstall it, pip install torchvision, or give the plain address or '
                   f'a file of the weights. {NO_DOWNLOAD}')


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
