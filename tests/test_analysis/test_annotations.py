"""The boxes that count are those that mmdet's dataset would train on."""
import json

import pytest

from fcos_mm.analysis.annotations import read_boxes
from fcos_mm.datasets import CocoDataset
from fcos_mm.errors import UserError


def coco(*boxes, categories=('cup', 'jar')):
    """Two images of 60x40 pixels; a box is (image, category, bbox, crowd)."""
    return dict(
        images=[dict(id=i, file_name=f'{i}.png', width=60, height=40) for i in (7, 8)],
        categories=[dict(id=10 * n, name=name) for n, name in enumerate(categories, start=1)],
        annotations=[
            dict(id=100 + index, image_id=image, category_id=category, bbox=list(bbox),
                 area=bbox[2] * bbox[3], iscrowd=crowd)
            for index, (image, category, bbox, crowd) in enumerate(boxes)
        ])


FAULTY = coco(
    (7, 10, (5, 6, 20, 10), 0),
    (8, 20, (1.5, 2.5, 3, 4), 0),
    (7, 20, (0, 0, 60, 40), 1),  # a crowd
    (7, 10, (0, 0, 0, 5), 0),  # no area
    (7, 10, (70, 0, 5, 5), 0),  # outside
    (8, 10, (0, 0, 0.5, 9), 0),  # thinner than a pixel
    (8, 30, (0, 0, 9, 9), 0),  # of another category
    categories=('cup', 'jar', 'lid'))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes data and returns the path."""

    def write(data):
        path = tmp_path / 'ann.json'
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return str(path)

    return write


def test_by_hand(write):
    found = read_boxes(write(FAULTY), ('jar', 'cup'))
    first, second = found.images
    assert (first.image_id, first.width, first.height) == (7, 60, 40)
    assert (first.ids, first.boxes.tolist()) == ([100], [[5, 6, 25, 16]])
    assert (second.ids, second.boxes.tolist()) == ([101], [[1.5, 2.5, 4.5, 6.5]])
    assert first.crowd.tolist() == [[0, 0, 60, 40]] and len(second.crowd) == 0
    assert first.categories.tolist() != second.categories.tolist()
    assert found.left_out == dict(crowd=1, other_category=1, not_usable=3)
    assert len(found.warnings) == 3


def test_the_boxes_are_those_of_the_dataset(write):
    path = write(FAULTY)
    dataset = CocoDataset(ann_file=path, data_prefix=dict(img=''), pipeline=[], lazy_init=False,
                          metainfo=dict(classes=('cup', 'jar')))
    found = read_boxes(path, ('cup', 'jar')).images
    assert len(dataset) == len(found) == 2
    for info, image in zip((dataset.get_data_info(0), dataset.get_data_info(1)), found):
        for ignored, boxes in ((0, image.boxes), (1, image.crowd)):
            expected = [i['bbox'] for i in info['instances'] if i['ignore_flag'] == ignored]
            assert boxes.tolist() == expected


def test_all_categories_without_classes(write):
    assert read_boxes(write(FAULTY)).left_out['other_category'] == 0


@pytest.mark.parametrize('data, classes, message', [
    ('{', None, 'not JSON'),
    (dict(images=[]), None, "no list 'annotations'"),
    (coco((7, 10, (5, 6, 20, 10), 0)), ('dog', ), 'no category in common'),
    (coco((7, 10, (5, 6, 20, 10), 1)), None, 'no box that counts: 1 crowd.'),
    (coco(), None, 'no box that counts: it has none at all.'),
    (coco((9, 10, (5, 6, 20, 10), 0)), None, "image_id of 1 of 1 annotations is not the id of"),
    (coco((7, 10, (5, 6, float('nan'), 10), 0)), None, r"bbox \[5, 6, nan, 10\]"),
])
def test_mistakes_are_named(write, data, classes, message):
    with pytest.raises(UserError, match=message):
        read_boxes(write(data), classes)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r'none\.json'):
        read_boxes(str(tmp_path / 'none.json'))
