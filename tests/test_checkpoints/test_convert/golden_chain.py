"""From a picture to detections, losses and maps with converted weights, beside golden files."""
import copy
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.checkpoints.convert.source import Converted
from fcos_mm.config import load_config
from fcos_mm.registry import MODELS

GOLDEN = Path(__file__).parents[2] / 'golden'
PICTURE = GOLDEN / 'adelaidet/picture.jpg'
SIZE = (184, 128)
#: Pixels of the network's input, and their classes.
BOXES = [[10., 12., 60., 90.], [30., 20., 170., 120.], [100., 5., 140., 40.], [5., 60., 25., 75.],
         [60., 60., 64., 110.]]
LABELS = [0, 3, 1, 4, 2]
_COUNTER = 'num_batches_tracked'


class Chain:
    """The detector of converted weights, and what it makes of the picture."""

    def __init__(self, converted: Converted) -> None:
        self.cfg = config_of(converted)
        steps = self.cfg.test_dataloader.dataset.pipeline
        next(step for step in steps if step.type == 'Resize').scale = SIZE
        with DefaultScope.overwrite_default_scope('fcos_mm'), torch.no_grad():
            self.model = MODELS.build(self.cfg.model).eval()
            load(self.model, converted)
            sample = Compose(steps)(dict(img_path=str(PICTURE), img_id=0, instances=[]))
            batch = self.model.data_preprocessor(pseudo_collate([sample]))
            self.meta = batch['data_samples'][0].metainfo
            self.outputs = self.model(batch['inputs'], mode='tensor')
            self.found = self.model(**batch, mode='predict')[0].pred_instances

    def losses(self) -> dict[str, torch.Tensor]:
        self.model.bbox_head.criterion.train()  # a moving average is that of the first step
        truth = InstanceData(bboxes=torch.tensor(BOXES), labels=torch.tensor(LABELS))
        return self.model.bbox_head.loss_by_feat(*self.outputs, [truth], [self.meta])

    def check(self, expected) -> None:
        """The same maps, and the same detections one to one."""
        assert len(self.found) == len(expected['scores']) >= 20
        for name, maps in zip(('logits', 'distances', 'quality'), self.outputs):
            for level, found in enumerate(maps):
                flat = found[0].flatten(1)
                part = flat[:, ::max(1, flat.size(1) // 24)].numpy()
                np.testing.assert_allclose(part, expected[f'{name}_{level}'], rtol=1e-4, atol=1e-4)
        boxes, scores, labels = (expected[name] for name in ('boxes', 'scores', 'labels'))
        apart = np.abs(self.found.scores.numpy()[:, None] - scores)
        apart += np.abs(self.found.bboxes.numpy()[:, None] - boxes).max(-1)
        apart[self.found.labels.numpy()[:, None] != labels] = np.inf
        match = apart.argmin(1)
        assert sorted(match) == list(range(len(scores)))
        np.testing.assert_allclose(self.found.scores, scores[match], rtol=1e-4)
        np.testing.assert_allclose(self.found.bboxes, boxes[match], rtol=1e-4, atol=1e-3)


def config_of(converted: Converted) -> Config:
    cfg = load_config(converted.config)
    cfg.merge_from_dict(copy.deepcopy(converted.settings))
    return cfg


def load(model, converted: Converted) -> None:
    """All weights of the model, and no others."""
    absent, left = model.load_state_dict(converted.weights, strict=False)
    assert not [name for name in [*absent, *left] if not name.endswith(_COUNTER)]


def check_complete(converted: Converted) -> None:
    """On the meta device: the names and shapes are those of the model."""
    cfg = config_of(converted)
    with torch.device('meta'), DefaultScope.overwrite_default_scope('fcos_mm'):
        wanted = MODELS.build(cfg.model).state_dict()
    assert {name: tuple(value.shape) for name, value in wanted.items()
            if not name.endswith(_COUNTER)} == {
                name: tuple(value.shape) for name, value in converted.weights.items()
                if not name.endswith(_COUNTER)}


def on_meta(shapes) -> dict[str, torch.Tensor]:
    return {name: torch.empty(shape, device='meta') for name, shape in shapes.items()}


def golden(name: str):
    return np.load(GOLDEN / f'{name}.npz')
