"""The boxes of a data set as arrays."""
import json

import numpy as np

from fcos_mm.recipes.boxes import boxes_of


def write(path, sizes, boxes):
    """A COCO file: ``sizes`` of images, ``boxes`` as (image, category, x, y, w, h)."""
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.jpg', width=w, height=h)
                for i, (w, h) in enumerate(sizes)],
        categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
        annotations=[dict(id=i, image_id=image, category_id=category, bbox=list(box),
                          area=box[2] * box[3], iscrowd=0)
                     for i, (image, category, *box) in enumerate(boxes, start=1)])))
    return str(path)


def test_boxes_at_a_size_by_hand(tmp_path):
    # 200x100 becomes 100x50 at most 100x80; 50x100 becomes 40x80: the shorter side never binds.
    path = write(tmp_path / 'a.json', [(200, 100), (50, 100)],
                 [(0, 1, 20, 10, 40, 20), (1, 2, 10, 20, 30, 50)])
    boxes = boxes_of(path, ('cup', 'jar'))
    assert boxes.at((100, 80)).tolist() == [[10, 5, 30, 15], [10, 20, 40, 70]]


def test_every_class_weighs_the_same(tmp_path):
    path = write(tmp_path / 'a.json', [(200, 100)],
                 [(0, 1, 20, 10, 40, 20), (0, 1, 30, 10, 40, 20), (0, 2, 10, 20, 30, 50)])
    np.testing.assert_allclose(boxes_of(path, ('cup', 'jar')).weight, [1 / 4, 1 / 4, 1 / 2])


def test_of_many_boxes_a_random_part_counts(tmp_path, monkeypatch):
    monkeypatch.setattr('fcos_mm.recipes.boxes._MOST', 2)
    path = write(tmp_path / 'a.json', [(200, 100), (200, 100)],
                 [(image, 1, 20 + 5 * shift, 10, 40, 20) for image in (0, 1) for shift in (0, 1)])
    boxes = boxes_of(path, ('cup', ))
    assert len(boxes.corners) == len(boxes.image) == 2
    assert boxes.weight.sum() == 1
