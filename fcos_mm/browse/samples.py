"""Pictures as the network gets them in training: loaded, augmented and packed."""
import fnmatch
import os.path as osp
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from mmengine.config import Config

from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.datasets.seeded import SeededIndex
from fcos_mm.errors import UserError
from fcos_mm.faults import first_few
from fcos_mm.registry import DATASETS


class Sample(NamedTuple):
    """A picture behind the training pipeline."""
    name: str  # of its file
    image_id: int | str | None  # in the annotation file
    packed: dict  # ``inputs`` (3, H, W) and ``data_samples``


def training_set(cfg: Config, *, augmented: bool = True):
    """Build the training set of a config.

    Args:
        augmented: Whether by the config's training pipeline; else by its test pipeline, each
            dataset without its wrappers.

    Raises:
        UserError: If the config has no training set, or no test pipeline to show it by.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if not dataset:
        raise UserError('The config has no train_dataloader.dataset, so that there is nothing to '
                        'show.\nGive the config of a training.')
    if not augmented:
        steps = _without_augmentation(cfg)
        dataset = dict(type='ConcatDataset', datasets=[
            dict(part, pipeline=steps) for _, part in leaf_datasets(dataset, 'train_dataloader')])
    return DATASETS.build(dataset)


def choose(dataset, number: int, names: Sequence[str] = (), seed: int = 0) -> list[int]:
    """Choose pictures: at most ``number``, at random or those that are named, in their order.

    Args:
        dataset: What :func:`training_set` returned.
        number: How many.
        names: Patterns of file names, or ids of the annotation file; none means any picture.
        seed: Of the choice.

    Raises:
        UserError: If no picture has such a name.
    """
    if not names:
        count = min(number, len(dataset))
        chosen = np.random.default_rng(seed).choice(len(dataset), count, replace=False)
        return np.sort(chosen).tolist()
    known = [_info(dataset, index) for index in range(len(dataset))]
    found = [index for index, info in enumerate(known) if any(map(_is_named(info), names))]
    if not found:
        files = [osp.basename(info['img_path']) for info in known]
        raise UserError(f'No picture of the training set is named {first_few([*names])}.\n'
                        f'Its files are {first_few(files, 3)}. A pattern such as "*_01.jpg" goes '
                        'in quotes; ids are those of the annotation file.')
    return found[:number]


def load(dataset, chosen: Sequence[int], seed: int = 0) -> Iterator[Sample]:
    """Load pictures as the first epoch of a training with a seed gets them.

    Raises:
        UserError: If a picture or the pipeline cannot be used.
    """
    for place in chosen:
        index = SeededIndex(place, seed, epoch=0)
        with index.randomness():  # for datasets that do not take it from the index
            packed = dataset[index]
        sample = packed['data_samples']
        yield Sample(osp.basename(sample.img_path), sample.metainfo.get('img_id'), packed)


def _without_augmentation(cfg: Config) -> list[dict]:
    """The steps of the test pipeline; boxes are loaded first, so that they are resized too."""
    loader = next((cfg[key] for key in ('test_dataloader', 'val_dataloader') if cfg.get(key)), {})
    steps = next((part['pipeline'] for _, part in leaf_datasets(loader.get('dataset'), 'test')
                  if part.get('pipeline')), None)
    if not steps:
        raise UserError('The config has no test pipeline to show pictures without augmentation '
                        'by.\nLeave --no-augmentation out.')
    first, *others = [step for step in steps if _kind(step) != 'LoadAnnotations']
    return [first, dict(type='LoadAnnotations', with_bbox=True), *others]


def _kind(step: dict) -> str:
    return str(step['type']).split('.')[-1]


def _info(dataset, index: int) -> dict:
    """What a dataset knows of a picture before it loads it; wrappers that mix have no own."""
    find = getattr(dataset, 'get_data_info', None)
    return find(index) if find else _info(dataset.dataset, index)


def _is_named(info: dict):
    name, key = osp.basename(info['img_path']), str(info.get('img_id'))
    return lambda pattern: pattern == key or fnmatch.fnmatch(name, pattern)
