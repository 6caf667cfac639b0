"""The model that is measured, the picture it looks at, and mmdet's model of the same weights."""
import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import peers
import torch
from cases import inference
from mmdet.evaluation import get_classes

from fcos_mm.apis.detection.opening import find_network
from fcos_mm.apis.exporting.pictures import Pictures
from fcos_mm.apis.trained_model import TrainedModel

QUICK_SIZE = (320, 544)  # height, width
_NOISE = 8  # pictures, the fewest that can be calibrated on
_BASES = ('models/fcos_mmdet.py', 'datasets/coco_detection.py', 'default_runtime.py')


class Subject(NamedTuple):
    """A model and what it is measured on.

    Attributes:
        name: For the table.
        words: How `fcos-mm test` calls it: a work dir or checkpoint, or config and checkpoint.
        model: Config and checkpoint.
        picture: (height, width, 3) RGB uint8.
        images: What to calibrate int8 on; None for pictures of the model's data.
    """
    name: str
    words: Sequence[str]
    model: TrainedModel
    picture: np.ndarray
    images: Sequence[str] | None = None


def given(words: Sequence[str]) -> Subject:
    """A user's model on the first picture of its data.

    Args:
        words: A work dir or checkpoint, or a config and a checkpoint.
    """
    model = find_network(*words)
    picture, = Pictures(None, model.cfg).some(1)
    width, height = picture.shape[1::-1]
    return Subject(f'{Path(words[0]).name}, a picture of {width} x {height}', words, model, picture)


def random_r50(folder: Path, size: tuple[int, int]) -> Subject:
    """R-50 with random weights, of which some hundred pairs pass the threshold, on noise.

    Args:
        folder: Where its config and checkpoint are written.
        size: Height and width of the picture, which is not resized.
    """
    inference.SIZE = size
    detector, _ = inference.sparse_detectors('cpu')
    checkpoint = folder / 'r50.pth'
    torch.save(dict(state_dict=detector.state_dict(),
                    meta=dict(dataset_meta=dict(classes=tuple(get_classes('coco'))))), checkpoint)
    config = folder / 'r50.py'
    bases = [str(peers.CONFIGS.parent / base) for base in _BASES]
    config.write_text(
        f'_base_ = {bases}\n'
        'model = dict(backbone=dict(init_cfg=None))\n'
        "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImageFromFile'), "
        f"dict(type='Resize', scale={size[::-1]}, keep_ratio=True), dict(type='PackDetInputs', "
        "meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]))\n")
    picture = np.ascontiguousarray(inference.image_batch()['inputs'][0].permute(1, 2, 0).numpy())
    noise = _noise(folder / 'noise', size)
    words = str(config), str(checkpoint)
    return Subject(f'R-50, random weights, {size[0]} x {size[1]}', words, find_network(*words),
                   picture[..., ::-1].copy(), [str(noise)])


def _noise(folder: Path, size: tuple[int, int]) -> Path:
    """Pictures like that of the measurement: uniform noise."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    for number in range(_NOISE):
        cv2.imwrite(str(folder / f'{number}.png'), random.integers(0, 256, (*size, 3), np.uint8))
    return folder


def mmdet_twin(model: TrainedModel) -> TrainedModel:
    """The same weights in mmdet's own detector and head, run as mmdet runs them.

    It is right where the answers agree: mmdet has no names for some settings.
    """
    cfg = copy.deepcopy(model.cfg)
    cfg.model = peers.mmdet_config(cfg.model)
    position = (model.cfg.model.bbox_head.get('centerness') or {}).get('position', 'cls')
    cfg.model.bbox_head.centerness_on_reg = position == 'reg'
    cfg.setdefault('default_hooks', {})['fast_inference'] = None
    return model._replace(cfg=cfg)


def bytes_of(path: str | Path) -> int:
    """The size of an exported model, of both files of OpenVINO's."""
    path = Path(path)
    weights = path.with_suffix('.bin')
    both = [path] + [weights] * (path.suffix == '.xml' and weights.exists())
    return sum(map(os.path.getsize, both))


def bytes_of_weights(module: torch.nn.Module) -> int:
    """The size of a module's weights in memory."""
    return sum(value.numel() * value.element_size() for value in module.state_dict().values())
