"""Pretrain a backbone on the training set's boxes, in place of the paper's ImageNet weights.

At a smaller scale there is no large dataset to pretrain on, and without pretraining most of a
short training goes into features that all detectors of a table need alike. So the backbone first
learns to classify the boxes of the training set, cropped and resized; all experiments and seeds
start from it.
"""
from pathlib import Path

import mmcv
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from fcos_mm.atomic_file import replaced
from fcos_mm.datasets.file_names import readable
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import read_truth
from fcos_mm.paper.runs import Run
from fcos_mm.registry import MODELS

_BATCH = 64
_MARGIN = 0.1  # of the box, kept around it
_EVERY = 100  # steps between two lines of output


def make_backbone(training: Run) -> None:
    """Pretrain the backbone of a scale, whatever the training, unless its file exists."""
    settings = training.settings
    if settings.scale == 'full' or settings.backbone.is_file():
        return
    cfg = training.config()
    accuracy = pretrain_backbone(cfg, settings.backbone, **cfg.pretraining)
    print(f'backbone: {settings.backbone}, {100 * accuracy:.0f} % of the boxes right')


def pretrain_backbone(cfg: Config, path: Path, *, steps: int, side: int) -> float:
    """Train the backbone of a config to classify boxes and write its weights.

    Args:
        cfg: Config of a detector, with the training set.
        path: The file to write.
        steps: Batches of 64 boxes.
        side: The boxes are resized to squares of this side, in pixels.

    Returns:
        The accuracy over the last 100 batches, from 0 to 1.

    Raises:
        UserError: If the training set cannot be read or has no boxes.
    """
    pixels, labels = crop_boxes(cfg, side)
    with torch.random.fork_rng(devices=[]), DefaultScope.overwrite_default_scope('fcos_mm'):
        torch.manual_seed(0)
        backbone = MODELS.build(dict(cfg.model.backbone, init_cfg=None))
        backbone.train()
        accuracy = _fit(backbone, pixels, labels, cfg.model.data_preprocessor, steps)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as unfinished:
        torch.save(dict(state_dict=backbone.state_dict()), unfinished)
    return accuracy


def crop_boxes(cfg: Config, side: int) -> tuple[Tensor, Tensor]:
    """Crop and resize the training set's boxes, without crowds and those thinner than a pixel.

    Returns:
        RGB (N, 3, side, side) uint8 and labels (N,).

    Raises:
        UserError: If there is no box.
    """
    dataset = cfg.train_dataloader.dataset
    truth = read_truth(str(Path(dataset.data_root, dataset.ann_file)))
    folder = Path(dataset.data_root, dataset.data_prefix['img'])
    categories = truth.getCatIds()
    pixels, labels = [], []
    for image_id in truth.getImgIds():
        rows = [row for row in truth.imgToAnns[image_id]
                if not row.get('iscrowd') and min(row['bbox'][2:]) >= 1]
        if not rows:
            continue
        path = readable(str(folder / truth.imgs[image_id]['file_name']))
        image = mmcv.imread(path, channel_order='rgb')
        pixels += [_crop(image, row['bbox'], side) for row in rows]
        labels += [categories.index(row['category_id']) for row in rows]
    if not labels:
        raise UserError(f'{dataset.ann_file} in {dataset.data_root} has no boxes to learn from.')
    return (torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous(),
            torch.tensor(labels))


def _crop(image: np.ndarray, box: list, side: int) -> np.ndarray:
    """A box [x, y, w, h] with its margin, (side, side, 3)."""
    x, y, w, h = box
    corners = np.array([x - _MARGIN * w, y - _MARGIN * h, x + w + _MARGIN * w,
                        y + h + _MARGIN * h]).round()
    corners[2:] -= 1  # mmcv includes the last pixel
    return mmcv.imresize(mmcv.imcrop(image, corners), (side, side))


def _fit(backbone: nn.Module, pixels: Tensor, labels: Tensor, preprocessor: dict,
         steps: int) -> float:
    """Train the backbone and a linear layer on its last map; return the accuracy."""
    mean, std = (torch.tensor(preprocessor[name]).view(3, 1, 1) for name in ('mean', 'std'))
    random = torch.Generator().manual_seed(0)
    first = backbone((pixels[:2] - mean) / std)[-1]
    classifier = nn.Linear(first.size(1), int(labels.max()) + 1)
    weights = [*backbone.parameters(), *classifier.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    right = []
    for step in range(1, steps + 1):
        index = torch.randint(len(labels), (_BATCH, ), generator=random)
        batch = _augment((pixels[index] - mean) / std, random)
        logits = classifier(backbone(batch)[-1].mean((2, 3)))
        loss = F.cross_entropy(logits, labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        right.append((logits.argmax(1) == labels[index]).float().mean().item())
        if step % _EVERY == 0:
            print(f'backbone: {step} of {steps} batches, '
                  f'{100 * np.mean(right[-_EVERY:]):.0f} % right', flush=True)
    return float(np.mean(right[-_EVERY:]))


def _augment(pixels: Tensor, random: torch.Generator) -> Tensor:
    """Flip and transpose a batch at random."""
    flip_x, flip_y, transpose = torch.randint(2, (3, ), generator=random).tolist()
    axes = [axis for axis, chosen in ((2, flip_y), (3, flip_x)) if chosen]
    pixels = pixels.flip(axes)
    return pixels.transpose(2, 3) if transpose else pixels
