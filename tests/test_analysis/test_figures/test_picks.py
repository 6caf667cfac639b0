"""The images of Fig. 8."""
import numpy as np
import pytest

from fcos_mm.analysis.figures.picks import (
    KINDS,
    mean_best_iou,
    measure,
    ordinary_annotations,
    ordinary_boxes,
    pick_images,
)
from fcos_mm.evaluation.coco_files import as_coco

# Boxes (x, y, w, h) in images of 100x100.
SCENES = {
    7: [[0, 0, 10, 10], [20, 0, 10, 10], [40, 0, 10, 10]],  # most boxes
    3: [[0, 0, 20, 20], [0, 0, 20, 20]],  # both boxes the same
    5: [[50, 50, 1, 2]],  # 0.02 % of the image
    4: [[0, 0, 90, 100]],  # 90 %
    9: [[0, 0, 30, 30]],  # nothing special
    1: [],
    2: [[3, 3, 0, 9], [3, 3, 9, -1]],  # no area
}


def coco(scenes, *, crowd=()):
    rows = [dict(id=0, image_id=image_id, category_id=1, bbox=box, iscrowd=int(image_id in crowd))
            for image_id, boxes in scenes.items() for box in boxes]
    for number, row in enumerate(rows, start=1):
        row['id'] = number
    images = [dict(id=image_id, file_name=f'{image_id}.png', width=100, height=100)
              for image_id in scenes]
    return as_coco(dict(images=images, annotations=rows, categories=[dict(id=1, name='cup')]))


def test_one_of_each_kind():
    picks = pick_images(coco(SCENES), per_kind=1)
    assert picks == dict(crowded=[7], overlapping=[3], tiny=[5], huge=[4])
    assert list(picks) == list(KINDS)


def test_none_twice_and_no_image_without_boxes():
    picks = pick_images(coco(SCENES), per_kind=2)
    # By number of boxes 7 and 3. Nothing overlaps in 4, 5 and 9: by id. The last is left.
    assert picks == dict(crowded=[7, 3], overlapping=[4, 5], tiny=[9], huge=[])


def test_measures():
    truth = coco(SCENES)
    assert measure(truth, 7, 'crowded') == 3
    assert measure(truth, 3, 'overlapping') == 1
    assert measure(truth, 5, 'tiny') == pytest.approx(0.0002)
    assert measure(truth, 4, 'huge') == pytest.approx(0.9)
    captions = [kind.caption(measure(truth, image_id, name))
                for (name, kind), image_id in zip(KINDS.items(), (7, 3, 5, 4))]
    assert KINDS['crowded'].caption(1) == '1 box'
    assert captions == ['3 boxes', 'mean best IoU 1.00', 'smallest box 0.020 % of the image',
                        'largest box 90 % of the image']


def test_crowd_boxes_and_boxes_without_area_do_not_count():
    scenes = {1: [[0, 0, 99, 99]] * 5, 2: [[0, 0, 10, 10], [0, 0, 0, 5], [3, 3, 5, 0]]}
    truth = coco(scenes, crowd=[1])
    assert pick_images(truth, per_kind=1)['crowded'] == [2]
    assert measure(truth, 2, 'crowded') == 1
    assert measure(truth, 2, 'tiny') == pytest.approx(0.01)


def test_mean_best_iou_by_hand():
    # The first two share 1 x 2 of 2 * 4 - 2 = 6; the third is alone: (1/3 + 1/3 + 0) / 3.
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [10, 10, 12, 12]], dtype=float)
    assert mean_best_iou(boxes) == pytest.approx(2 / 9)
    assert mean_best_iou(boxes[:1]) == 0


def test_no_boxes_no_images():
    assert not any(pick_images(coco({1: []})).values())


def test_boxes_and_annotations_are_of_the_same_objects():
    truth = coco({1: [[0, 0, 9, 9], [3, 3, 0, 9], [1, 2, 3, 4]]})
    assert [row['id'] for row in ordinary_annotations(truth, 1)] == [1, 3]
    assert ordinary_boxes(truth, 1).tolist() == [[0, 0, 9, 9], [1, 2, 4, 6]]
    assert ordinary_boxes(coco({1: [[0, 0, 9, 9]]}, crowd=[1]), 1).shape == (0, 4)
