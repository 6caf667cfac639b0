"""Boxes that are not x, y, width, height in pixels, and boxes that only look so."""
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcos_mm.datasets.box_form import (
    NORMALIZED_READINGS,
    PIXEL_READINGS,
    box_sizes,
    fix_boxes,
    meaning,
    other_form,
    read_corners,
)
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError

WIDTH, HEIGHT = 160, 100
REAL = Path(os.environ.get('FCOS_MM_REAL_DATA', ''), 'coco', 'instances_val2017_bbox.json')


def boxes_in(width, height, number, seed=0):
    """(N, 4) boxes x, y, w, h of all sizes inside an image."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.05, 0.6, (number, 2)) * (width, height)
    return np.round(np.hstack([rng.uniform(0, 1, (number, 2)) * ((width, height) - size), size]), 1)


def write(name, boxes, sizes):
    """Boxes as a tool would write them that means ``name``."""
    x, y, w, h = (boxes / np.tile(sizes, 2) if name in NORMALIZED_READINGS else boxes).T
    return np.stack({
        'coco': (x, y, w, h), 'corners': (x, y, x + w, y + h), 'yx': (y, x, h, w),
        'yx-corners': (y, x, y + h, x + w), 'center': (x + w / 2, y + h / 2, w, h),
    }[name.replace('normalized-', '').replace('normalized', 'coco')], axis=1)


@pytest.fixture
def written(folder):
    """``written(boxes)``: a config of a file with these boxes in images of 160 x 100 pixels."""

    def make(boxes):
        per_image = 10
        folder.data['images'] = [
            dict(id=index, file_name=f'{index}.png', width=WIDTH, height=HEIGHT)
            for index in range(1, 2 + (len(boxes) - 1) // per_image)]
        folder.data['annotations'] = [
            dict(id=index + 1, image_id=index // per_image + 1, category_id=10, bbox=box,
                 area=box[2] * box[3], iscrowd=0) for index, box in enumerate(boxes.tolist())]
        folder.data['annotations'][0]['category_id'] = 30
        cfg = folder.write()
        for image in folder.data['images']:
            Image.new('RGB', (WIDTH, HEIGHT)).save(folder.root / 'images' / image['file_name'])
        return cfg

    return make


@pytest.mark.parametrize('name', (*PIXEL_READINGS, *NORMALIZED_READINGS))
def test_reading_is_the_inverse_of_writing(name):
    boxes, sizes = boxes_in(WIDTH, HEIGHT, 50), np.full((50, 2), (WIDTH, HEIGHT))
    corners = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
    assert np.allclose(read_corners(name, write(name, boxes, sizes), sizes), corners)


@pytest.mark.parametrize('name', (*PIXEL_READINGS[1:], *NORMALIZED_READINGS))
def test_another_form_is_named_and_can_be_fixed(written, error_of, folder, name):
    boxes = boxes_in(WIDTH, HEIGHT, 50)
    message = error_of(written(write(name, boxes, np.full((50, 2), (WIDTH, HEIGHT)))))
    if 'normalized-yx' in name:  # of fractions nothing tells which comes first
        assert f'(or {meaning(name)}' in message
    else:
        assert message.endswith(f'--from {name}')
    data, left = fix_boxes(str(folder.root / 'ann.json'), name)
    assert left == 0
    assert np.abs(boxes - [box['bbox'] for box in data['annotations']]).max() <= 0.002
    assert data['annotations'][3]['area'] == pytest.approx(boxes[3, 2] * boxes[3, 3], abs=0.05)


def _careless(boxes, seed=0):
    """Drawn too large and beside the object, so that many leave their image."""
    rng = np.random.default_rng(seed)
    boxes = boxes.copy()
    boxes[:, :2] += rng.normal(0, 0.2, (len(boxes), 2)) * boxes[:, 2:]
    boxes[:, 2:] *= 1 + np.abs(rng.normal(0, 0.3, (len(boxes), 2)))
    return boxes


RIGHT = [
    (boxes_in(WIDTH, HEIGHT, 50), 'as it should be'),
    (_careless(boxes_in(WIDTH, HEIGHT, 50)), 'careless'),
    (np.tile([[2., 1., WIDTH - 2, HEIGHT - 1]], (30, 1)), 'objects that fill the image'),
    (np.tile([[2., 1., WIDTH + 3, HEIGHT + 1]], (30, 1)), 'and a little more'),
    (np.array([[150., 90., 40., 40.]] * 3), 'a few that leave it'),
    (np.vstack([boxes_in(WIDTH, HEIGHT, 50), [[0, 0, 1, 1]] * 5]), 'some tiny ones'),
]


@pytest.mark.parametrize('boxes, reason', RIGHT, ids=[row[1] for row in RIGHT])
def test_no_false_alarm(written, boxes, reason):
    check_config_data(written(boxes), 'test')


def test_swapped_sizes_of_images_are_not_swapped_boxes(written, error_of, folder):
    cfg = written(boxes_in(WIDTH, HEIGHT, 50))
    for image in folder.data['images']:
        image.update(width=HEIGHT, height=WIDTH)
    (folder.root / 'ann.json').write_text(json.dumps(folder.data))
    assert 'differ in size from their annotation' in error_of(cfg)


def test_a_few_boxes_draw_a_warning(written, warnings_of):
    corners = write('corners', np.array([[80., 50., 60., 40.]] * 4), np.full((4, 2), 1))
    assert any('--from corners' in message for message in warnings_of(written(corners), 'test'))


def test_what_makes_no_sense_is_not_written(written, folder):
    written(boxes_in(WIDTH, HEIGHT, 50))
    with pytest.raises(UserError, match='read as x0, y0, x1, y1, 32 of 50 boxes have no area'):
        fix_boxes(str(folder.root / 'ann.json'), 'corners')


def test_the_area_of_a_mask_stays(written, folder):
    written(write('corners', boxes_in(WIDTH, HEIGHT, 50), np.full((50, 2), 1)))
    box = folder.data['annotations'][0]
    box.update(segmentation=[[1, 1, 2, 1, 2, 2]], area=3.5)
    folder.data['annotations'][1].pop('area')
    (folder.root / 'ann.json').write_text(json.dumps(folder.data))
    data, _ = fix_boxes(str(folder.root / 'ann.json'), 'corners')
    first, second = data['annotations'][:2]
    assert first['area'] == 3.5
    assert second['area'] == pytest.approx(second['bbox'][2] * second['bbox'][3], abs=0.01)


@pytest.mark.skipif(not REAL.is_file(), reason='needs COCO')
@pytest.mark.parametrize('name', PIXEL_READINGS)
def test_on_coco(name, tmp_path):
    """Nothing is said of COCO itself, and every form of it is recognised."""
    data = json.loads(REAL.read_text())
    sizes = box_sizes(data)
    form = other_form(
        write(name, np.array([box['bbox'] for box in data['annotations']]), sizes), sizes)
    assert form is None if name == 'coco' else (form.names == [name] and form.sure)
