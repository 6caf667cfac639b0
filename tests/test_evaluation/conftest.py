"""Annotations and detections in COCO format."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from fcos_mm.cli import main
from fcos_mm.cli import test as testing
from fcos_mm.registry import MODELS

SIDE = 500


@pytest.fixture(scope='module')
def ground_truth() -> dict:
    """40 images, 5 classes; crowds, images without a box, a class without any."""
    random = np.random.default_rng(0)
    annotations = []
    for image in range(1, 41):
        for _ in range(0 if image % 7 == 0 else random.integers(1, 15)):
            width, height = np.exp(random.uniform(np.log(8), np.log(250), 2)).round(2)
            x, y = random.uniform(0, SIDE - 250, 2).round(2)
            annotations.append(dict(
                id=len(annotations) + 1, image_id=image,
                category_id=int(random.choice([7, 3, 90, 11])),
                bbox=[float(value) for value in (x, y, width, height)],
                area=float(width * height), iscrowd=int(random.random() < 0.1)))
    return dict(
        images=[dict(id=image, width=SIDE, height=SIDE, file_name=f'{image}.jpg')
                for image in range(1, 41)],
        annotations=annotations,
        categories=[dict(id=key, name=f'class {key}') for key in (7, 3, 90, 11, 5)])


@pytest.fixture(scope='session')
def jitter():
    """The function that makes detections from ground truth."""
    return _jittered


def _jittered(ground_truth: dict, seed: int, decimals: int = 2) -> list:
    """Detections: every box moved a little, some missed, some doubled, some noise.

    Args:
        ground_truth: COCO-format annotations.
        seed: Of the noise.
        decimals: Digits of the scores; few make ties.
    """
    random = np.random.default_rng(seed)
    labels = [category['id'] for category in ground_truth['categories']]
    found = []
    for annotation in ground_truth['annotations']:
        for _ in range(random.choice(4, p=[0.1, 0.6, 0.2, 0.1])):
            x, y, width, height = annotation['bbox']
            shift = random.normal(0, 0.08, 4) * (width, height, width, height)
            wrong = random.random() < 0.1
            found.append(dict(
                image_id=annotation['image_id'],
                category_id=int(random.choice(labels)) if wrong else annotation['category_id'],
                bbox=[float(x + shift[0]), float(y + shift[1]),
                      float(abs(width + shift[2])), float(abs(height + shift[3]))],
                score=float(np.round(random.random(), decimals))))
    return found


@pytest.fixture
def test_tool(tiny_config, tmp_path):
    """``test_tool(text, *words)``: what ``tools/test.py`` returns.

    The tiny config ends with the text; the words are more options. The weights
    are random; with a score threshold of 0 there are detections.
    """

    def run(text: str, *words: str) -> dict:
        config, checkpoint = tmp_path / 'own.py', tmp_path / 'random.pth'
        config.write_text(f"_base_ = '{tiny_config}'\n{text}\n")
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope('fcos_mm'):
            model = MODELS.build(Config.fromfile(config).model)
        torch.save(model.state_dict(), checkpoint)
        MMLogger._instance_dict.clear()
        return main(testing, [str(config), str(checkpoint), '--work-dir', str(tmp_path / 'work'),
                             *words])

    return run
