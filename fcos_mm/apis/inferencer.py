"""mmdet's inferencer for a config and a checkpoint that fit each other."""
import copy
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
from fcos_mm.speed.inference import prepare_as_configured
from fcos_mm.visualization import ours


def build_inferencer(cfg: Config, checkpoint: str, device: str | None = None, *,
                     precision: str | None = None, fast: bool = True) -> DetInferencer:
    """Build mmdet's inferencer and check the weights.

    Args:
        cfg: The config.
        checkpoint: The weights.
        device: A device of torch; None for the best one available.
        precision: ``'fp32'``, ``'bf16'``, or None for what the config says.
        fast: Whether the model is the copy of ``default_hooks.fast_inference``.

    Raises:
        UserError: If the config cannot detect, or the checkpoint cannot be read or does
            not fit.
    """
    weights = read_state_dict(checkpoint)
    detecting = detection_config(cfg)
    check_config(detecting, 'test', [component_faults])
    with prints_to_log_file():
        inferencer = DetInferencer(
            detecting, checkpoint, device=device, scope=cfg.get('default_scope', 'mmdet'),
            show_progress=False)
    TakenWeights(checkpoint, weights, inferencer.model).check_all()
    set_class_names(inferencer.model, detecting)
    if fast:
        inferencer.model = prepare_as_configured(inferencer.model, cfg, precision)
    return inferencer


def detection_config(cfg: Config) -> Config:
    """The parts of a config that detect in images, as mmdet's inferencer wants them.

    Raises:
        UserError: If the config does not say how images are prepared.
    """
    parts = {name: copy.deepcopy(cfg[name]) for name in ('model', 'default_scope') if name in cfg}
    dataset = copy.deepcopy(first_dataset(cfg.get('test_dataloader')))
    steps = [str(step.get('type')) for step in dataset.get('pipeline') or ()]
    if not any('LoadImageFromFile' in step for step in steps):
        raise UserError('The config has no test_dataloader.dataset.pipeline with LoadImageFromFile:'
                        ' image preprocessing is unknown.\nGive the config of the training, '
                        'or add test_dataloader.')
    if not isinstance(dataset.get('ann_file'), str):  # annotations are not read
        dataset['ann_file'] = ''
    visualizer = ours(cfg.get('visualizer', dict(type='DetLocalVisualizer')))
    return Config(dict(parts, test_dataloader=dict(cfg.test_dataloader, dataset=dataset),
                       visualizer={**visualizer, 'vis_backends': None}))


def set_class_names(model: nn.Module, cfg: Config) -> None:
    """Take the names of the classes from the config where the checkpoint has none that fit.

    mmdet takes COCO's for a checkpoint without names.

    Raises:
        UserError: If neither has as many names as the model has classes.
    """
    number = getattr(getattr(model, 'bbox_head', None), 'num_classes', None)
    found = list(model.dataset_meta.get('classes', ()))
    if number is None or len(found) == number and found != list(get_classes('coco')):
        return
    metainfo = dict(first_dataset(cfg.get('test_dataloader')).get('metainfo') or {})
    classes = BaseDataset(metainfo=metainfo, lazy_init=True).metainfo.get('classes', ())
    if len(classes) == number:
        model.dataset_meta['classes'] = tuple(classes)
    elif len(found) != number:
        raise UserError(f'The model has {number} classes, the checkpoint names {len(found)} and '
                        f'the config {len(classes)}.\nSet test_dataloader.dataset.metainfo='
                        'dict(classes=(...)).')


def find_category_ids(cfg: Config, classes: Sequence[str]) -> dict[str, int]:
    """The category ids, by name, that the annotation file of the test set gives the classes.

    They are 1, 2, ... in the order of the model where the file is missing or lacks a class.

    Raises:
        UserError: If the file is there and cannot be read.
    """
    dataset = first_dataset(cfg.get('test_dataloader'))
    path = osp.join(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if osp.isfile(path):
        categories = read_coco(path, dict(categories=('id', 'name')))['categories']
        known = {entry['name']: entry['id'] for entry in categories}
        if all(name in known for name in classes):
            return {name: known[name] for name in classes}
    return {name: index for index, name in enumerate(classes, start=1)}
