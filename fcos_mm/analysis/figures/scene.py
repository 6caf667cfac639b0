"""An image at the network's input, with the training targets of each location."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import Tensor, nn

from fcos_mm.errors import UserError
from fcos_mm.models import FCOSHead, Locations, centerness_target
from fcos_mm.registry import MODELS, TRANSFORMS

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of red, green and blue


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
    colors: np.ndarray  # (height, width, 3) RGB from 0 to 1; padding is white
    boxes: np.ndarray  # (G, 4) in pixels of the input
    names: Sequence[str]  # of the G classes
    levels: Sequence[Level]  # L
    points: np.ndarray  # (P, 2) the locations
    gt_index: np.ndarray  # (P,) index of each location's box; -1 for none
    target: np.ndarray  # (P,) center-ness by Eq. (3); nan without a box
    predicted: np.ndarray | None  # (P,) center-ness; None without a model

    @property
    def pixels(self) -> np.ndarray:
        """(height, width) gray values from 0 to 255."""
        return 255 * self.colors @ _LUMINANCE

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
        return scene_of(cfg, packed, class_names, _find_head(cfg, model), model)


def scene_of(cfg: Config, packed: dict, class_names: Sequence[str], head: FCOSHead | None,
             model: nn.Module | None = None) -> Scene:
    """Assign the boxes of an image that a pipeline has packed.

    Args:
        cfg: Its data preprocessor decides the padding.
        packed: ``inputs`` and ``data_samples``.
        class_names: C names.
        head: That of the config or the model; without one there are no levels.
        model: As in :func:`make_scene`.
    """
    sample = packed['data_samples']
    (height, width), maps = _input_size_and_maps(cfg, model, packed)
    scene = Scene(
        colors=_colors(packed['inputs'], height, width),
        boxes=sample.gt_instances.bboxes.tensor.numpy(),
        names=[class_names[label] for label in sample.gt_instances.labels],
        levels=[], points=np.zeros((0, 2)), gt_index=np.zeros(0, int), target=np.zeros(0),
        predicted=torch.cat([m.flatten() for m in maps]).sigmoid().numpy() if maps else None)
    if head is None:
        return scene
    generator = head.location_generator
    locations = generator(
        [m.shape[-2:] for m in maps] if maps else generator.sizes(height, width), 'cpu')
    targets = head.assign(locations, [sample.gt_instances], [_crowd(sample)], [sample.metainfo])
    centerness = torch.where(targets.positive, centerness_target(targets.distances), torch.nan)
    return scene._replace(
        levels=_levels(locations), points=locations.points.numpy(),
        gt_index=targets.gt_index[0].numpy(), target=centerness[0].numpy())


def _crowd(sample: DetDataSample) -> InstanceData | None:
    ignored = sample.get('ignored_instances')
    return ignored if ignored is not None and 'bboxes' in ignored else None


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
    for level in locations.levels:
        left, top = (level.origin - step / 2 for step in (level.column_step, level.row_step))
        levels.append(Level(
            name=f'P{np.log2(level.stride):g}', stride=int(level.stride), first=level.first,
            shape=(level.rows, level.columns),
            extent=(left, left + level.columns * level.column_step,
                    top + level.rows * level.row_step, top)))
    return levels


def _colors(image: Tensor, height: int, width: int) -> np.ndarray:
    """(3, h, w) BGR as RGB from 0 to 1, in the top left corner of white (height, width)."""
    colors = np.ones((height, width, 3), dtype=np.float32)
    image = image.flip(0).permute(1, 2, 0).float().numpy() / 255
    colors[:image.shape[0], :image.shape[1]] = image.clip(0, 1)
    return colors
