"""The backbone that all trainings of a smaller scale start from."""
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from fcos_mm.errors import UserError
from fcos_mm.paper.pretraining import crop_boxes, pretrain_backbone


@pytest.fixture
def cfg(tmp_path):
    """Two images: a white box that is cut out of black, and a black one out of white."""
    images, rows = [], []
    for number, (inside, category) in enumerate(((255, 3), (0, 7)), start=1):
        image = np.full((40, 60, 3), 255 - inside, np.uint8)
        image[10:20, 20:30] = inside
        cv2.imwrite(str(tmp_path / f'{number}.png'), image)
        images.append(dict(id=number, file_name=f'{number}.png', width=60, height=40))
        rows.append(dict(id=number, image_id=number, category_id=category, iscrowd=0, area=100,
                         bbox=[20, 10, 10, 10]))
    rows.append(dict(id=9, image_id=1, category_id=3, iscrowd=1, area=100, bbox=[0, 0, 10, 10]))
    categories = [dict(id=3, name='white'), dict(id=7, name='black')]
    (tmp_path / 'train.json').write_text(
        json.dumps(dict(images=images, annotations=rows, categories=categories)))
    return Config(dict(
        model=dict(
            data_preprocessor=dict(mean=[127.5] * 3, std=[64.] * 3),
            backbone=dict(type='ResNet', depth=18, base_channels=4, norm_eval=False)),
        train_dataloader=dict(dataset=dict(
            data_root=str(tmp_path), ann_file='train.json', data_prefix=dict(img='')))))


def test_boxes_are_crop_boxes_with_a_margin(cfg):
    pixels, labels = crop_boxes(cfg, 12)
    assert pixels.shape == (2, 3, 12, 12) and pixels.dtype == torch.uint8
    assert labels.tolist() == [0, 1]
    # 12 x 12 pixels of the image: the box of 10 and one pixel around it.
    white, black = pixels[:, 0]
    assert (white[2:10, 2:10] == 255).all() and white[0].max() == 0
    assert (black[2:10, 2:10] == 0).all() and black[0].min() == 255


def test_learns_and_writes_what_a_detector_loads(cfg, tmp_path):
    path = tmp_path / 'out' / 'backbone.pth'
    right = pretrain_backbone(cfg, path, steps=300, side=16)
    assert right > 0.9
    assert 'layer4.0.conv1.weight' in torch.load(path, weights_only=True)['state_dict']


def test_two_pretrainings_are_equal(cfg, tmp_path):
    weights, other = (_pretrained(cfg, tmp_path / name) for name in ('one.pth', 'other.pth'))
    assert all(torch.equal(weights[name], other[name]) for name in weights)


def _pretrained(cfg, path):
    pretrain_backbone(cfg, path, steps=20, side=16)
    return torch.load(path, weights_only=True)['state_dict']


def test_no_boxes(cfg, tmp_path):
    content = json.loads((tmp_path / 'train.json').read_text())
    (tmp_path / 'train.json').write_text(json.dumps(dict(content, annotations=[])))
    with pytest.raises(UserError, match='train.json in .* has no boxes'):
        crop_boxes(cfg, 12)
