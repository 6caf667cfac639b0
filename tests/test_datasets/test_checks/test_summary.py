"""What is counted in annotation files, and how it is shown."""
import json
from types import SimpleNamespace

import pytest

from fcos_mm.datasets.checks.summary import (
    SplitSummary,
    class_table,
    config_lines,
    summarise,
)


@pytest.fixture
def ann_file(tmp_path):
    """Four images; cups in 1, 1, 2, a jar in 2, a lid in 3, nothing in 4."""
    boxes = [(1, 10), (1, 10), (2, 10), (2, 20), (3, 30)]
    path = tmp_path / 'train.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{number}.png', width=9, height=9)
                for number in (1, 2, 3, 4)],
        categories=[dict(id=10, name='cup'), dict(id=20, name='jar'), dict(id=30, name='lid')],
        annotations=[dict(id=number, image_id=image, category_id=category, bbox=[0, 0, 4, 4],
                          area=16, iscrowd=0)
                     for number, (image, category) in enumerate(boxes, 1)])))
    return str(path)


def test_images_and_boxes_of_the_classes(ann_file):
    assert summarise(ann_file, ('jar', 'cup')) == SplitSummary(
        images=4, boxes=4, empty=2, classes={'jar': (1, 1), 'cup': (2, 3)})


def test_table():
    table = class_table({
        'train': SplitSummary(1200, 3500, 1, {'cup': (1000, 3000), 'jar': (400, 500)}),
        'val': SplitSummary(2, 3, 0, {'cup': (2, 3)})})
    assert [line.split() for line in table] == [
        ['boxes', 'in', 'images', 'train', 'val'],
        ['cup', '3,000', 'in', '1,000', '3', 'in', '2'],
        ['jar', '500', 'in', '400', '-'],
        ['all', 'classes', '3,500', 'in', '1,200', '3', 'in', '2'],
        ['images', 'without', 'boxes', '1', '0']]
    assert len({len(line) for line in table}) == 1


def test_lines_of_a_config():
    split = SimpleNamespace(ann_file='/a/train.json', images='/a/images')
    names = {}
    exec('\n'.join(config_lines(SimpleNamespace(classes=['cup'], splits={'train': split}))), names)
    assert names['classes'] == ('cup', )
    assert names['ann_files'] == {'train': '/a/train.json'}
    assert names['image_dirs'] == {'train': '/a/images'}
