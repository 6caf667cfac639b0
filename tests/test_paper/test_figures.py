"""The image of Figure 3."""
import pytest

from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import as_coco
from fcos_mm.paper.figures import image_of_figure3


def truth(scenes):
    """Images of 100 x 100 with boxes (x, y, w, h)."""
    rows = [(image_id, box) for image_id, boxes in scenes.items() for box in boxes]
    return as_coco(dict(
        images=[dict(id=image_id, width=100, height=100) for image_id in scenes],
        categories=[dict(id=1, name='cup')],
        annotations=[dict(id=number, image_id=image_id, category_id=1, bbox=box, iscrowd=0)
                     for number, (image_id, box) in enumerate(rows, start=1)]))


def test_boxes_that_overlap_come_first():
    apart = [[0, 0, 9, 9], [20, 0, 9, 9], [40, 0, 9, 9]]
    scenes = {1: apart, 2: [[0, 0, 9, 9], [1, 1, 9, 9]], 3: [[0, 0, 9, 9]]}
    assert image_of_figure3(truth(scenes)) == 2


def test_the_only_image_with_boxes():
    assert image_of_figure3(truth({1: [], 2: [[0, 0, 9, 9]]})) == 2


def test_no_image_with_boxes():
    with pytest.raises(UserError, match='no image with boxes'):
        image_of_figure3(truth({1: [], 2: [[3, 3, 0, 9]]}))
