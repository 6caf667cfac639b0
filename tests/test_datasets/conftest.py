"""A small, clean COCO-format dataset and a config that uses it."""
import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from fcos_mm.datasets import checks
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError


class CocoFolder:
    """Two images of 60x40 pixels with two boxes each, to spoil and write.

    Args:
        root: Folder to write to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        boxes = [(1, 1, 10, [5, 6, 20, 10]), (2, 1, 30, [0, 0, 60, 40]),
                 (3, 2, 30, [50, 30, 8, 9]), (4, 2, 10, [1.5, 2.5, 3, 4])]
        self.data = dict(
            images=[dict(id=index, file_name=f'{index}.png', width=60,
                         height=40) for index in (1, 2)],
            categories=[dict(id=10, name='cup'), dict(id=30, name='jar')],
            annotations=[
                dict(id=index, image_id=image, category_id=category, bbox=box,
                     area=box[2] * box[3], iscrowd=0)
                for index, image, category, box in boxes
            ])

    def write(self) -> Config:
        """Write images and annotation file; return a config that uses them."""
        (self.root / 'images').mkdir(exist_ok=True)
        for image in self.data['images']:
            pixels = np.full((40, 60, 3), 127, np.uint8)
            cv2.imwrite(str(self.root / 'images' / image['file_name']), pixels)
        (self.root / 'ann.json').write_text(json.dumps(self.data))
        return self._config()

    def _config(self) -> Config:
        train = dict(
            type='CocoDataset', data_root=str(self.root), ann_file='ann.json',
            data_prefix=dict(img='images/'),
            metainfo=dict(classes=('cup', 'jar')),
            filter_cfg=dict(filter_empty_gt=True, min_size=32), pipeline=[])
        val = dict(copy.deepcopy(train), test_mode=True)
        metric = dict(type='CocoMetric', ann_file=f'{self.root}/ann.json')
        return Config(dict(
            model=dict(bbox_head=dict(type='FCOSHead', num_classes=2)),
            train_dataloader=dict(dataset=train),
            val_dataloader=dict(dataset=val),
            test_dataloader=dict(dataset=val),
            val_evaluator=metric, test_evaluator=metric))


@pytest.fixture
def folder(tmp_path) -> CocoFolder:
    """The dataset, in ``tmp_path``."""
    return CocoFolder(tmp_path)


@pytest.fixture
def clean(folder):
    """The config of a folder without faults."""
    return folder.write()


@pytest.fixture
def error_of():
    """``error_of(cfg, mode='train')``: the message of the error that must come."""

    def run(cfg, mode='train') -> str:
        with pytest.raises(UserError) as caught:
            check_config_data(cfg, mode)
        return str(caught.value)

    return run


@pytest.fixture
def warnings_of(monkeypatch):
    """``warnings_of(cfg, mode='train')``: the warnings, where there is no error."""

    def run(cfg, mode='train') -> list:
        messages = []
        monkeypatch.setattr(checks.config, '_warn', messages.append)
        check_config_data(cfg, mode)
        return messages

    return run
