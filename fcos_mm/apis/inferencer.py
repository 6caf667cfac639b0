"""mmdet's inferencer for a config and a checkpoint that fit each other."""
import os.path as osp
from collections.abc import Sequence

from mmdet.apis import DetInferencer
from mmdet.evaluation import get_classes
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from torch import nn

from fcos_mm.apis.console import prints_to_log_file
from fcos_mm.checkpoints.fit import TakenWeights, read_state_dict
from fcos_mm.config.checks.check import check_config
from fcos_mm.config.checks.components import component_faults
from fcos_mm.config.datasets import first_dataset
from fcos_mm.datasets.coco_format import read_coco
from fcos_mm.errors import UserError
from fcos_mm.speed.fast_inference import prepare_as_configured
from fcos_mm.visualization import ours


def build_inferencer(cfg: Config, checkpoint: str, device: str | None = None) -> DetInferencer:
    """Build mmdet's inferencer and make sure the weights are the model's.

    Args:
        cfg: The config.
        checkpoint: The weights.
        device: Where to run; the best there is if None.

    Raises:
        UserError: If the checkpoint cannot be read or does not fit.
    """
    weights = read_state_dict(checkpoint)
    _set_dataset(cfg)
    # the drawings are written by who detects, and no backend keeps them
    cfg.visualizer = {**ours(cfg.get('visualizer', dict(type='DetLocalVisualizer'))),
                      'vis_backends': None}
    check_config(_what_detects(cfg), 'test', [component_faults])
    with prints_to_log_file():
        inferencer = DetInferencer(
            cfg, checkpoint, device=device, scope=cfg.get('default_scope', 'mmdet'),
            show_progress=False)
    TakenWeights(checkpoint, weights, inferencer.model).check_all()
    set_class_names(inferencer.model, cfg)
    inferencer.model = prepare_as_configured(inferencer.model, cfg)
    return inferencer


def _what_detects(cfg: Config) -> Config:
    """The parts of a config that are built to detect."""
    names = ('model', 'test_dataloader', 'visualizer', 'default_scope')
    return Config({name: cfg[name] for name in names if name in cfg})


def _set_dataset(cfg: Config) -> None:
    """mmdet's inferencer takes pipeline and metainfo from a dataset that is no wrapper."""
    dataset = first_dataset(cfg.get('test_dataloader'))
    steps = [str(step.get('type')).split('.')[-1] for step in dataset.get('pipeline') or ()]
    if not any('LoadImageFromFile' in step for step in steps):
        raise UserError('The config has no test_dataloader.dataset.pipeline with LoadImageFromFile:'
                        ' nothing says how images are prepared.\nGive the config of the training, '
                        'or add test_dataloader.')
    if not isinstance(dataset.get('ann_file'), str):  # annotations are not read
        dataset.ann_file = ''
    cfg.test_dataloader.dataset = dataset


def set_class_names(model: nn.Module, cfg: Config) -> None:
    """Take the names of the classes from the config where the checkpoint has none that fit.

    mmdet takes COCO's for a checkpoint without names.

    Args:
        model: The model; its ``dataset_meta`` is changed in place.
        cfg: The config.

    Raises:
        UserError: If there are not as many names in either as the model has
            classes.
    """
    number = getattr(getattr(model, 'bbox_head', None), 'num_classes', None)
    found = list(model.dataset_meta.get('classes', ()))
    if number is None or len(found) == number and found != list(get_classes('coco')):
        return
    metainfo = first_dataset(cfg.get('test_dataloader')).get('metainfo') or {}
    classes = BaseDataset._load_metainfo(dict(metainfo)).get('classes', ())
    if len(classes) == number:
        model.dataset_meta['classes'] = tuple(classes)
    elif len(found) != number:
        raise UserError(f'The model has {number} classes, the checkpoint names {len(found)} and '
                        f'the config {len(classes)}.\nSet test_dataloader.dataset.metainfo='
                        'dict(classes=(...)).')


def find_category_ids(cfg: Config, classes: Sequence[str]) -> dict[str, int]:
    """The category ids of the classes, as in the dataset's annotation file.

    Args:
        cfg: The config, whose test set is asked.
        classes: The names of the classes, in the order of the model.

    Returns:
        Names and ids; 1, 2, ... in the order of the model where there is no
        annotation file or it does not know all of the classes.

    Raises:
        UserError: If the file is there and cannot be read.
    """
    dataset = first_dataset(cfg.get('test_dataloader'))
    path = osp.join(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if osp.isfile(path):
        try:
            known = {entry['name']: entry['id'] for entry in read_coco(path)['categories']}
        except (KeyError, TypeError) as error:
            raise UserError(f"{path} is not in COCO's format ({type(error).__name__}: {error}). It "
                            'names the ids of the categories: correct it, or set '
                            "test_dataloader.dataset.ann_file=''.") from error
        if all(name in known for name in classes):
            return {name: known[name] for name in classes}
    return {name: index for index, name in enumerate(classes, start=1)}
