"""A sound dataset on the disk, to be spoilt."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fcos_mm.datasets.labelled import splits_of_source
from fcos_mm.datasets.problems.find import find_problems
from fcos_mm.datasets.problems.pictures import read_pictures
from fcos_mm.datasets.sources import recognise

WIDTH, HEIGHT = 96, 64
EACH = 10  # images of a split


class Dataset:
    """Two splits of different pictures; each has a cup and two jars, apart from each other."""

    def __init__(self, root: Path) -> None:
        self.root, self.random = root, np.random.default_rng(0)
        (root / 'images').mkdir()
        self.data = {split: self._make(split) for split in ('train', 'val')}

    def _make(self, split: str) -> dict:
        images, boxes = [], []
        for number in range(1, EACH + 1):
            images.append(dict(id=number, file_name=f'{split}{number}.png', width=WIDTH,
                               height=HEIGHT))
            self.draw(f'{split}{number}.png')
            boxes += [(number, 1, [2, 3, 20, 20]), (number, 2, [40, 30, 30, 20.5]),
                      (number, 2, [80, 5, 10, 12])]
        return dict(
            images=images, categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
            annotations=[dict(id=number, image_id=image, category_id=category, bbox=box,
                              area=box[2] * box[3], iscrowd=0)
                         for number, (image, category, box) in enumerate(boxes * 2, 1)
                         ][:len(boxes)])

    def draw(self, name: str, width: int = WIDTH, height: int = HEIGHT) -> Path:
        """Write a picture that is like no other."""
        coarse = self.random.integers(0, 256, (32, 48, 3), np.uint8)
        path = self.root / 'images' / name
        cv2.imwrite(str(path), cv2.resize(coarse, (width, height)))
        return path

    @property
    def boxes(self) -> list[dict]:
        """The annotations of the training set."""
        return self.data['train']['annotations']

    @property
    def images(self) -> list[dict]:
        """The images of the training set."""
        return self.data['train']['images']

    def write(self) -> Path:
        for split, data in self.data.items():
            (self.root / f'{split}.json').write_text(json.dumps(data))
        return self.root

    def splits(self) -> list:
        return splits_of_source(recognise(str(self.write())))

    def problems(self) -> list:
        splits = self.splits()
        return find_problems(splits, read_pictures(splits))


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / 'data'
    root.mkdir()
    return Dataset(root)
