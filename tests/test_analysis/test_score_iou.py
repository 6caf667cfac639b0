"""Fig. 7: each detection against the box it overlaps most."""
import math

import numpy as np
import pytest

from fcos_mm.analysis.score_iou import score_and_iou
from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_files import as_coco


def annotated(*boxes):
    """Boxes as (image, category, box, crowd) in three images."""
    return as_coco(dict(
        images=[dict(id=key) for key in (1, 2, 3)],
        categories=[dict(id=key) for key in (1, 2)],
        annotations=[
            dict(id=index, image_id=image, category_id=category, bbox=box, iscrowd=crowd)
            for index, (image, category, box, crowd) in enumerate(boxes, start=1)]))


def row(image, category, box, score):
    return dict(image_id=image, category_id=category, bbox=box, score=score)


def test_by_hand():
    truth = annotated((1, 1, [0, 0, 10, 10], 0), (1, 1, [20, 0, 10, 10], 0),
                      (1, 2, [0, 0, 10, 6], 0), (2, 1, [0, 0, 10, 10], 1))
    results = [
        row(1, 1, [0, 0, 10, 6], 0.9),  # 60 / 100; the jar it covers is of another category
        row(1, 1, [22, 0, 10, 10], 0.6),  # 8 * 10 / (200 - 80) = 2/3
        row(1, 1, [24, 0, 10, 10], 0.6),  # 6 * 10 / (200 - 60) = 3/7, the same box again
        row(2, 1, [0, 0, 10, 10], 0.3),  # only a crowd
        row(3, 1, [0, 0, 10, 10], 0.2),  # no box at all
        row(1, 2, [0, 0, 10, 6], 1.0),  # 1: on the line, not under it
    ]
    found = score_and_iou(truth, results)
    assert found.scores.tolist() == [0.9, 0.6, 0.6, 0.3, 0.2, 1.0]
    np.testing.assert_allclose(found.ious, [0.6, 2 / 3, 3 / 7, 0, 0, 1])
    assert found.below_line == pytest.approx(4 / 6)
    assert found.confident_but_poor == pytest.approx(1 / 6)


def test_only_some_images():
    truth = annotated((1, 1, [0, 0, 10, 10], 0), (2, 1, [0, 0, 10, 10], 0))
    results = [row(1, 1, [0, 0, 10, 5], 0.7), row(2, 1, [0, 0, 10, 10], 0.7)]
    found = score_and_iou(truth, results, image_ids=[1])
    assert (found.ious.tolist(), found.below_line) == ([0.5], 1)
    assert found.confident_but_poor == 0  # 0.5 is not below 0.5


def test_nothing_found():
    found = score_and_iou(annotated((1, 1, [0, 0, 10, 10], 0)), [])
    assert found.scores.shape == found.ious.shape == (0, )
    assert math.isnan(found.below_line) and math.isnan(found.confident_but_poor)


def test_equals_one_detection_after_the_other():
    random = np.random.default_rng(0)

    def boxes(count):
        corner, size = random.uniform(0, 50, (count, 2)), random.uniform(1, 40, (count, 2))
        return np.hstack([corner, size]).tolist()

    truth = annotated(*((int(random.integers(1, 4)), int(random.integers(1, 3)), box,
                         int(random.random() < 0.1)) for box in boxes(25)))
    results = [row(int(random.integers(1, 4)), int(random.integers(1, 3)), box, random.random())
               for box in boxes(200)]
    found = score_and_iou(truth, results)
    for result, score, iou in zip(results, found.scores, found.ious):
        best = max((overlap(result['bbox'], box['bbox']) for box in truth.anns.values()
                    if box['image_id'] == result['image_id'] and not box['iscrowd']
                    and box['category_id'] == result['category_id']), default=0)
        assert (score, iou) == (result['score'], pytest.approx(best))
    assert 0.1 < found.ious.mean() < 0.9


def overlap(a, b):
    """IoU of two boxes (x, y, w, h)."""
    width = max(min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]), 0)
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def test_results_of_other_data():
    with pytest.raises(UserError, match='image_id 4 is not in the annotations'):
        score_and_iou(annotated(), [row(4, 1, [0, 0, 1, 1], 0.5)])
