"""Detecting objects in pictures: what ``tools/detect.py`` does."""
import argparse
import json
import os
import os.path as osp
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import mmcv
from mmdet.apis import DetInferencer
from mmdet.apis.det_inferencer import IMG_EXTENSIONS
from mmengine.config import Config
from mmengine.logging import MMLogger
from torch import nn

from fcos_mm.apis.checkpoint import check_checkpoint, read_state_dict
from fcos_mm.apis.console import prints_to_log_file, tidy_screen
from fcos_mm.cli import detect as command
from fcos_mm.cli import parse
from fcos_mm.cli.options import resolve
from fcos_mm.compat.trust import trust_checkpoints
from fcos_mm.config import load_config
from fcos_mm.engine.fast_inference import prepare_as_configured
from fcos_mm.errors import UserError


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Detect objects; see :func:`run`.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return run(parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Detect objects in a picture or in the pictures of a folder.

    Writes the drawn pictures to ``<out-dir>/vis`` and all detections to
    ``<out-dir>/detections.json``.

    Args:
        args: The options.

    Returns:
        1 if some pictures could not be read, else 0.

    Raises:
        UserError: If input, config or checkpoint cannot be used.
    """
    trust_checkpoints(args.trust_checkpoint)
    pictures = find_pictures(args.input)
    cfg = load_config(args.config, args.cfg_options)
    inferencer = build_inferencer(cfg, args.checkpoint, args.device)
    category_ids = find_category_ids(cfg, inferencer.model.dataset_meta['classes'])
    detections, unreadable = [], []
    for picture in pictures:
        if not _readable(picture):
            unreadable.append(picture)
            continue
        found = detect_picture(inferencer, picture, args.out_dir, args.score_thr, category_ids)
        print(f'{picture}: {len(found)} detections')
        detections += found
    os.makedirs(args.out_dir, exist_ok=True)
    with open(osp.join(args.out_dir, 'detections.json'), 'w') as file:
        json.dump(detections, file)
    print(f'{len(detections)} detections in {len(pictures) - len(unreadable)} pictures, '
          f'written to {args.out_dir}')
    for picture in unreadable:
        print(f'error: {picture} cannot be read as a picture and was skipped')
    return 1 if unreadable else 0


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Parse the options of ``tools/detect.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return resolve(parse(command, argv))


def find_pictures(path: str) -> List[str]:
    """The picture at a path, or those in a folder, sorted by name.

    Args:
        path: A file or a folder.

    Raises:
        UserError: If there is nothing at the path, or no picture in it.
    """
    if osp.isfile(path):
        return [path]
    if not osp.isdir(path):
        raise UserError(f'Input not found: {path}\nGive a picture or a folder of pictures.')
    pictures = [str(file) for file in sorted(Path(path).iterdir())
                if file.suffix.lower() in IMG_EXTENSIONS]
    if not pictures:
        raise UserError(f'No pictures in {path}: its files must end with one of '
                        f'{", ".join(IMG_EXTENSIONS)}.')
    return pictures


def build_inferencer(cfg: Config, checkpoint: str, device: Optional[str] = None) -> DetInferencer:
    """Build mmdet's inferencer and make sure the weights are the model's.

    Args:
        cfg: The config.
        checkpoint: The weights.
        device: Where to run; the best there is if None.

    Raises:
        UserError: If the checkpoint cannot be read or does not fit.
    """
    read_state_dict(checkpoint)
    tidy_screen(MMLogger.get_current_instance())
    cfg.setdefault('visualizer', dict(type='mmdet.DetLocalVisualizer'))
    cfg.visualizer.vis_backends = None  # the inferencer writes the pictures itself
    with prints_to_log_file():
        inferencer = DetInferencer(
            cfg, checkpoint, device=device, scope=cfg.get('default_scope', 'mmdet'),
            show_progress=False)
    check_checkpoint(checkpoint, inferencer.model)
    set_class_names(inferencer.model, cfg)
    inferencer.model = prepare_as_configured(inferencer.model, cfg)
    return inferencer


def set_class_names(model: nn.Module, cfg: Config) -> None:
    """Take the names of the classes from the config where those of the checkpoint do not fit.

    mmdet takes COCO's for a checkpoint without names.

    Args:
        model: The model; its ``dataset_meta`` is changed in place.
        cfg: The config.

    Raises:
        UserError: If there are not as many names in either as the model has
            classes.
    """
    number = getattr(getattr(model, 'bbox_head', None), 'num_classes', None)
    found = len(model.dataset_meta.get('classes', ()))
    if number is None or found == number:
        return
    dataset = cfg.get('test_dataloader', {}).get('dataset', {})
    classes = dataset.get('metainfo', {}).get('classes', ())
    if len(classes) != number:
        raise UserError(f'The model has {number} classes, the checkpoint names {found} and the '
                        f'config {len(classes)}.\nSet test_dataloader.dataset.metainfo='
                        'dict(classes=(...)).')
    model.dataset_meta['classes'] = tuple(classes)


def find_category_ids(cfg: Config, classes: Sequence[str]) -> Dict[str, int]:
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
    dataset = cfg.get('test_dataloader', {}).get('dataset', {})
    path = osp.join(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    if osp.isfile(path):
        try:
            with open(path, encoding='utf-8') as file:
                known = {entry['name']: entry['id'] for entry in json.load(file)['categories']}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{path} is not in COCO's format ({type(error).__name__}: {error}). It "
                            'names the ids of the categories: correct it, or set '
                            "test_dataloader.dataset.ann_file=''.") from error
        if all(name in known for name in classes):
            return {name: known[name] for name in classes}
    return {name: index for index, name in enumerate(classes, start=1)}


def detect_picture(inferencer: DetInferencer, picture: str, out_dir: str, score_thr: float,
                   category_ids: Dict[str, int]) -> List[dict]:
    """Detect objects in one picture and draw them.

    Args:
        inferencer: The inferencer.
        picture: The path of the picture.
        out_dir: The drawn picture goes to ``vis`` in this folder.
        score_thr: Detections with a lower score are left out.
        category_ids: Names of the classes, in the model's order, and ids.

    Returns:
        Detections in COCO's result format, ``bbox`` as (x, y, width, height)
        in pixels of the picture, with the picture's file name as image.
    """
    result = inferencer(picture, out_dir=out_dir, pred_score_thr=score_thr)['predictions'][0]
    names = list(category_ids)
    detections = []
    for label, score, box in zip(result['labels'], result['scores'], result['bboxes']):
        if score < score_thr:
            continue
        x0, y0, x1, y1 = box
        detections.append(dict(
            file_name=osp.basename(picture),
            category_id=category_ids[names[label]],
            category_name=names[label],
            bbox=[round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)],
            score=round(score, 5)))
    return detections


def _readable(picture: str) -> bool:
    """Whether OpenCV can decode the picture."""
    data = Path(picture).read_bytes()
    return bool(data) and mmcv.imfrombytes(data) is not None
