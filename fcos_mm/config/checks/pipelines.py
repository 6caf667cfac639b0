"""Check the order of the transforms in a pipeline."""
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmdet.datasets import MultiImageMixDataset
from mmengine.config import Config

from fcos_mm.config.checks import lookup
from fcos_mm.config.checks.parts import loaders
from fcos_mm.config.datasets import walk_datasets
from fcos_mm.config.keys import value_at
from fcos_mm.config.old_names import OLD_TRANSFORMS
from fcos_mm.registry import DATASETS, TRANSFORMS

# By the names of the classes and of those that they inherit from.
_LOADS_IMAGE = {'LoadImageFromFile', 'LoadImageFromNDArray', 'LoadMultiChannelImageFromFiles',
                'InferencerLoader'}
_LOADS_BOXES = {'LoadAnnotations', 'LoadEmptyAnnotations'}
_MOVES = {'Resize', 'RandomResize', 'RandomChoiceResize', 'ResizeShortestEdge', 'RandomFlip',
          'RandomCrop', 'CenterCrop', 'MinIoURandomCrop', 'RandomCenterCropPad', 'RandomShift',
          'RandomAffine', 'Expand', 'GeomTransform'}
_SEES = _MOVES | {'Pad', 'PhotoMetricDistortion', 'YOLOXHSVRandomAug', 'CutOut', 'Albu',
                  'Normalize', 'Corrupt', 'ColorTransform', 'RandomErasing'}
_NEEDS_BOXES = {'MinIoURandomCrop', 'FilterAnnotations', 'RandomAffine', 'RandomShift',
                'RandomErasing', 'CachedMosaic', 'CachedMixUp'}
_MIXES = {'Mosaic', 'MixUp', 'CopyPaste'}


class _Step(NamedTuple):
    """A transform: where it stands, its type, the names of its classes, and how deep it is."""
    key: str
    type: Any
    names: set[str]
    depth: int

    @property
    def title(self) -> str:
        return f'{self.key}.type: {str(self.type)!r}'

    @property
    def packs(self) -> bool:
        return any(name.startswith('Pack') for name in self.names)

    @property
    def loads_image(self) -> bool:
        return bool(self.names & _LOADS_IMAGE) or any(
            name.startswith('Load') and 'Annotations' not in name for name in self.names)


class _Pipeline(NamedTuple):
    """A pipeline; ``mixes`` and ``mixed``: of a MultiImageMixDataset, of a dataset within one."""
    key: str
    dataset: Any
    steps: list[_Step]
    mixes: bool
    mixed: bool

    def first(self, names: set[str]) -> int | None:
        return next((i for i, step in enumerate(self.steps) if step.names & names), None)


def pipeline_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Check what the transforms of a dataset need from those before them.

    A pipeline with transforms of the user's own is only checked for names and for images that
    are mixed.
    """
    normalises = value_at(cfg, 'model.data_preprocessor.mean') is not None
    for name, loader in loaders(cfg, mode):
        for pipeline in _pipelines(loader.get('dataset'), f'{name}.dataset', lookup.scope_of(cfg)):
            yield from _old_or_unwrapped(pipeline)
            if all(step.names for step in pipeline.steps):
                yield from _order(pipeline, name == 'train_dataloader')
                yield from _packing(pipeline)
            for step in pipeline.steps:
                if normalises and 'Normalize' in step.names:
                    yield (f'{step.title} normalises the image, and model.data_preprocessor '
                           '(mean, std) does so again. Remove it from the pipeline.')


def _pipelines(dataset: Any, key: str, scope: str) -> Iterator[_Pipeline]:
    def mixes(part: dict) -> bool:
        return lookup.is_a(part.get('type'), scope, DATASETS, MultiImageMixDataset)

    for place, part, wrappers in walk_datasets(dataset, key):
        if isinstance(part.get('pipeline'), (list, tuple)):
            steps = list(_steps(part['pipeline'], f'{place}.pipeline', scope))
            yield _Pipeline(f'{place}.pipeline', part.get('type'), steps, mixes(part),
                            any(map(mixes, wrappers)))


def _steps(transforms: Any, key: str, scope: str, depth: int = 0) -> Iterator[_Step]:
    """All transforms in the order of the text, those inside others too."""
    for index, transform in enumerate(transforms):
        place = f'{key}.{index}'
        if isinstance(transform, (list, tuple)):
            yield from _steps(transform, place, scope, depth)
        elif not isinstance(transform, dict) and depth == 0:  # built in Python
            yield _Step(place, transform, set(), depth)
        elif isinstance(transform, dict) and 'type' in transform:
            yield _Step(place, transform['type'], _class_names(transform, scope), depth)
            if str(transform['type']).endswith('Albu'):
                continue
            for name, inner in transform.items():
                if isinstance(inner, dict):
                    inner = [inner] if _class_names(inner, scope) else []
                if isinstance(inner, (list, tuple)):
                    yield from _steps(inner, f'{place}.{name}', scope, depth + 1)


def _class_names(transform: dict, scope: str) -> set[str]:
    """The names of a transform's classes; none if it is not one of a library."""
    found = lookup.find(transform.get('type'), scope, TRANSFORMS)
    if not found or not lookup.is_of_library(found[0]):
        return set()
    names = {cls.__name__ for cls in getattr(found[0], '__mro__', (found[0],))}
    if 'RandomCenterCropPad' in names and not transform.get('test_mode'):
        names.add('MinIoURandomCrop')  # needs boxes as that does
    return names


def _old_or_unwrapped(pipeline: _Pipeline) -> Iterator[str]:
    for step in pipeline.steps:
        plain = str(step.type).rpartition('.')[2]
        if plain in OLD_TRANSFORMS:
            yield (f'{step.key}.type: {plain!r} has no place in a pipeline since mmdet 3. '
                   f'Instead: {OLD_TRANSFORMS[plain]}.')
        if step.names & _MIXES and 'CachedMosaic' not in step.names and not pipeline.mixes:
            place = pipeline.key.rpartition('.')[0]
            yield (f'{step.key}.type: {plain!r} mixes several images, and {pipeline.dataset} '
                   f"gives it one.\nWrap the dataset: {place}=dict(type='MultiImageMixDataset', "
                   f'dataset=..., pipeline=[...], _delete_=True): LoadImageFromFile and '
                   f'LoadAnnotations in the inner pipeline, {plain} and what follows in the outer.')


def _order(pipeline: _Pipeline, trains: bool) -> Iterator[str]:
    """The first transform that comes before what it needs."""
    if pipeline.mixes:
        return
    steps = pipeline.steps
    image, seen, boxes, needed, moved = map(
        pipeline.first, (_LOADS_IMAGE, _SEES, _LOADS_BOXES, _NEEDS_BOXES, _MOVES))
    if seen is not None and (image is None or seen < image):
        yield (f'{steps[seen].title} needs an image, and no transform before it loads one. Put '
               'LoadImageFromFile first.')
    elif not any(step.loads_image for step in steps):
        yield f'{pipeline.key} does not load the image. Put LoadImageFromFile first.'
    elif needed is not None and (boxes is None or needed < boxes):
        yield (f'{steps[needed].title} needs boxes, and no transform before it loads them. Put '
               "dict(type='LoadAnnotations', with_bbox=True) before it.")
    elif trains and boxes is None and any('PackDetInputs' in step.names for step in steps):
        yield (f'{pipeline.key} loads no boxes to train on. Put dict(type="LoadAnnotations", '
               'with_bbox=True) behind LoadImageFromFile.')
    elif trains and boxes is not None and moved is not None and moved < boxes:
        yield (f'{steps[moved].title} changes the image before {steps[boxes].key} loads its boxes, '
               'so the boxes do not follow.\n'
               'Put LoadAnnotations before it; only in tests may it come later.')


def _packing(pipeline: _Pipeline) -> Iterator[str]:
    packers = [i for i, step in enumerate(pipeline.steps) if step.packs]
    if pipeline.mixed:
        if packers:
            yield (f'{pipeline.steps[packers[0]].key}: a dataset in a MultiImageMixDataset must '
                   'not pack its samples. Move it to the end of the outer pipeline.')
    elif not packers:
        yield (f'{pipeline.key} does not pack its samples for the model. Add '
               "dict(type='PackDetInputs') as its last transform.")
    else:
        late = [step for step in pipeline.steps[packers[-1] + 1:] if step.depth == 0]
        if late:
            yield (f'{late[0].title} comes after {pipeline.steps[packers[-1]].type}, which must '
                   'be the last transform.')
