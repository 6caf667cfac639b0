"""An image at the network's input, with the training targets of each location."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from fcos_mm.errors import UserError
from fcos_mm.models import FCOSHead, Locations, centerness_target
from fcos_mm.registry import MODELS, TRANSFORMS


class Level(NamedTuple):
    """One level's share of the P locations, which lie in the centers of cells."""
    name: str  # P3, P4, ..., by the stride
    stride: int  # in pixels
    first: int  # index of its first location
    shape: tuple[int, int]  # rows and columns of its feature map
    extent: tuple[float, float, float, float]  # left, right, bottom, top of its cells in pixels

    def cut(self, values: np.ndarray) -> np.ndarray:
        """This level's part of (P, ...) values."""
        return values[self.first:self.first + self.shape[0] * self.shape[1]]


class Scene(NamedTuple):
    """One image at the size of the network's input, padding included."""
    pixels: np.ndarray  # (height, width) gray values from 0 to 255; padding is white
    boxes: np.ndarray  # (G, 4) in pixels of the input
    names: Sequence[str]  # of the G classes
    levels: Sequence[Level]  # L
    points: np.ndarray  # (P, 2) the locations
    gt_index: np.ndarray  # (P,) index of each location's box; -1 for none
    target: np.ndarray  # (P,) center-ness by Eq. (3); nan without a box
    predicted: np.ndarray | None  # (P,) center-ness; None without a model

    @property
    def occupied(self) -> list[Level]:
        """The levels with a positive location."""
        return [level for level in self.levels if self.answered([level])]

    @property
    def unanswered(self) -> list[int]:
        """The boxes without a positive location."""
        return sorted(set(range(len(self.boxes))) - set(self.answered(self.levels)))

    def answered(self, levels: Sequence[Level]) -> list[int]:
        """The boxes with a positive location on some of the levels."""
        found = {index for level in levels for index in level.cut(self.gt_index).tolist()}
        return sorted(found - {-1})


def make_scene(cfg: Config, image: str, boxes: np.ndarray, labels: np.ndarray,
               class_names: Sequence[str], model: nn.Module | None = None) -> Scene:
    """Prepare an image as the config does at test, and assign its boxes.

    Args:
        cfg: The config of an FCOS; determines input size, padding, locations and assignment.
        image: Path of the image.
        boxes: (G, 4) its boxes, x0, y0, x1, y1 in pixels of the image.
        labels: (G,) their classes, from 0.
        class_names: C names.
        model: A trained detector, in eval mode, whose center-ness is predicted too.

    Raises:
        UserError: If the image cannot be read, the config has no ``FCOSHead``, or the model has
            no center-ness branch.
        ValueError: If a label has no name.
    """
    labels = np.asarray(labels, dtype=np.int64)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(f'labels must lie in 0..{len(class_names) - 1}, got {labels.tolist()}')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmdet')):
        packed = _run_pipeline(cfg, image, np.asarray(boxes, dtype=np.float32), labels)
        head = _find_head(cfg, model)
        (height, width), maps = _input_size_and_maps(cfg, model, packed)
    sample = packed['data_samples']
    generator = head.location_generator
    locations = generator(
        [m.shape[-2:] for m in maps] if maps else generator.sizes(height, width), 'cpu')
    targets = head.assign(locations, [sample.gt_instances], None, [sample.metainfo])
    centerness = torch.where(targets.positive, centerness_target(targets.distances), torch.nan)
    return Scene(
        pixels=_gray(packed['inputs'], height, width),
        boxes=sample.gt_instances.bboxes.tensor.numpy(),
        names=[class_names[label] for label in sample.gt_instances.labels],
        levels=_levels(locations),
        points=locations.points.numpy(),
        gt_index=targets.gt_index[0].numpy(),
        target=centerness[0].numpy(),
        predicted=torch.cat([m.flatten() for m in maps]).sigmoid().numpy() if maps else None)


def _run_pipeline(cfg: Config, image: str, boxes: np.ndarray, labels: np.ndarray) -> dict:
    """Load the image and transform it and its boxes as the test pipeline does."""
    steps = [step for step in get_test_pipeline_cfg(cfg)
             if step['type'].split('.')[-1] != 'LoadAnnotations']
    load, *others = [TRANSFORMS.build(step) for step in steps]
    sample = load(dict(img_path=image, img_id=0))
    sample.update(gt_bboxes=HorizontalBoxes(boxes.reshape(-1, 4)), gt_bboxes_labels=labels)
    return Compose(others)(sample)


def _find_head(cfg: Config, model: nn.Module | None) -> FCOSHead:
    head_cfg = cfg.model.get('bbox_head')
    head = model.bbox_head if model is not None else head_cfg and MODELS.build(head_cfg)
    if not isinstance(head, FCOSHead):
        raise UserError('The config has no FCOSHead at model.bbox_head, so that there are no '
                        'locations and no center-ness to draw.\nName the config of an FCOS.')
    if model is not None and not head.quality.branch:
        raise UserError('The model has no center-ness branch (model.bbox_head.quality.branch is '
                        'False).\nDraw its targets without a checkpoint.')
    return head


@torch.no_grad()
def _input_size_and_maps(cfg: Config, model: nn.Module | None, packed: dict) -> tuple:
    """Padded height and width, and a model's L maps (1, 1, H, W) of center-ness logits."""
    batch = dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']])
    if model is None:
        return MODELS.build(cfg.model.data_preprocessor)(batch)['inputs'].shape[-2:], None
    inputs = model.data_preprocessor(batch)['inputs']
    *_, maps = model.bbox_head(model.extract_feat(inputs))
    return inputs.shape[-2:], [m.float().cpu() for m in maps]


def _levels(locations: Locations) -> list[Level]:
    levels = []
    for stride, origin, rows, columns, first in locations.levels:
        left = origin - stride / 2
        levels.append(Level(
            name=f'P{np.log2(stride):g}', stride=int(stride), first=first, shape=(rows, columns),
            extent=(left, left + columns * stride, left + rows * stride, left)))
    return levels


def _gray(image: Tensor, height: int, width: int) -> np.ndarray:
    """(3, h, w) BGR as gray values, in the top left corner of white (height, width)."""
    weights = torch.tensor([0.114, 0.587, 0.299])  # of blue, green and red in luminance
    gray = torch.full((height, width), 255.)
    gray[:image.shape[1], :image.shape[2]] = (image.float() * weights[:, None, None]).sum(0)
    return gray.numpy()
