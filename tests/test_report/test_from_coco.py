"""Annotations and detections become one set of arrays."""
import numpy as np
import pytest

from fcos_mm.errors import UserError
from fcos_mm.report.from_coco import LIMIT, results_from_coco
from fcos_mm.report.results import Found, Image

IMAGES = [Image('b', '/b.png', 64, 48), Image(7, '/a.png', 64, 48)]
DATA = dict(
    images=[dict(id=7), dict(id='b'), dict(id=8)],
    categories=[dict(id='x', name='jar'), dict(id=3, name='cup'), dict(id=4, name='lid')],
    annotations=[
        dict(id=0, image_id=7, category_id='x', bbox=[1, 2, 10, 20], area=200, iscrowd=0),
        dict(id='two', image_id='b', category_id=3, bbox=[5, 6, 7, 8], area=40, iscrowd=1),
        dict(id=2, image_id=7, category_id=4, bbox=[0, 0, 9, 9], area=81),  # of no class
        dict(id=3, image_id=8, category_id=3, bbox=[0, 0, 9, 9], area=81)])  # not looked at


def found(images, labels, scores):
    count = len(scores)
    return Found(boxes=np.tile([0., 0, 4, 4], (count, 1)), scores=np.array(scores),
                 labels=np.array(labels, dtype=int), images=np.array(images, dtype=int))


def test_boxes_come_in_the_order_of_the_images_with_their_own_ids():
    results = results_from_coco(DATA, ('cup', 'jar'), IMAGES, found([], [], []), {'a': 1.})
    truth = results.truth
    assert truth.boxes.tolist() == [[5, 6, 12, 14], [1, 2, 11, 22]]
    assert truth.labels.tolist() == [0, 1] and truth.images.tolist() == [0, 1]
    assert truth.crowd.tolist() == [True, False] and truth.ids == ['two', 0]
    assert truth.areas.tolist() == [40, 200]
    assert results.classes == ('cup', 'jar') and results.metrics == {'a': 1.}


def test_the_best_detections_of_a_class_in_an_image_count():
    """Of 102 detections of the first class in the first image the two lowest are left out."""
    scores = [.5] * (LIMIT - 1) + [.1, .9, .2] + [.01, .02]
    detections = found([0] * (LIMIT + 2) + [0, 1], [0] * (LIMIT + 2) + [1, 0], scores)
    kept = results_from_coco(DATA, ('cup', 'jar'), IMAGES, detections, {}).found
    assert kept.scores.tolist() == [.5] * (LIMIT - 1) + [.9] + [.01, .02]
    assert kept.boxes.shape == (LIMIT + 2, 4) and kept.class_scores is None


def test_nothing_found_in_nothing():
    results = results_from_coco(dict(DATA, annotations=[]), ('cup', ), IMAGES,
                                found([], [], []), {})
    assert results.truth.boxes.shape == (0, 4) and results.matched.tolist() == []


def test_class_that_is_not_annotated():
    with pytest.raises(UserError, match="no category 'pot'"):
        results_from_coco(DATA, ('cup', 'pot'), IMAGES, found([], [], []), {})
