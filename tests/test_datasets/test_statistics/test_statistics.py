"""What a split holds, against values worked out by hand and a slow oracle."""
from dataclasses import replace

import numpy as np
import pytest

from fcos_mm.datasets.statistics import histogram
from fcos_mm.datasets.statistics.pairs import largest_ious, pair_ious, pairs_by_image
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.datasets.statistics.summary import class_counts, image_size_counts, summarise


def split_of(boxes, sizes=((100, 50), (100, 50), (200, 100)), crowd=()):
    """Boxes as (image, category, x, y, width, height)."""
    return LabelledSplit('train', dict(
        images=[dict(id=number, file_name=f'{number}.png', width=width, height=height)
                for number, (width, height) in enumerate(sizes)],
        categories=[dict(id=1, name='cup'), dict(id=2, name='jar'), dict(id=3, name='lid')],
        annotations=[dict(id=number, image_id=image, category_id=category, bbox=[*box],
                          iscrowd=int(number in crowd))
                     for number, (image, category, *box) in enumerate(boxes)]),
        '/images', ('jar', 'cup'), 'train.json')


@pytest.fixture
def split():
    return split_of([(0, 1, 0, 0, 100, 50), (0, 2, 10, 10, 20, 5), (0, 1, 10, 10, 20, 4),
                     (2, 1, 150, 50, 32, 32), (2, 3, 0, 0, 9, 9)])


def test_arrays(split):
    assert split.boxes.tolist() == [[0, 0, 100, 50], [10, 10, 20, 5], [10, 10, 20, 4],
                                    [150, 50, 32, 32]]
    assert split.owner.tolist() == [0, 0, 0, 2]
    assert split.labels.tolist() == [1, 0, 1, 1]
    assert split.sizes.tolist() == [[100, 50]] * 3 + [[200, 100]]
    assert split.paths == ['/images/0.png', '/images/1.png', '/images/2.png']


def test_broken_entries_are_left_out(split):
    split.data['images'] += [dict(id=0, file_name='again.png', width=9, height=9),
                             dict(id=5, file_name='5.png', width=9), 'text']
    split.data['annotations'] += [dict(id=9, image_id=5, category_id=1, bbox=[0, 0, 4, 4]),
                                  dict(id=9, image_id=0, category_id=1, bbox=[0, 0, 4]), None,
                                  dict(id=9, image_id=0, category_id=[1], bbox=[0, 0, 4, 4])]
    split.data['categories'] += [dict(name='jar'), None]
    assert [image['file_name'] for image in split.images] == ['0.png', '1.png', '2.png']
    assert len(split.boxes) == 4


def test_numbers_of_classes(split):
    assert class_counts(split) == [dict(images=1, boxes=1), dict(images=2, boxes=3)]


def test_summary(split):
    numbers = summarise(split)
    assert (numbers['images'], numbers['boxes'], numbers['empty']) == (3, 4, 1)
    assert numbers['boxes_per_image'] == dict(least=0, median=1, mean=4 / 3, most=3)
    assert numbers['sides']['most'] == pytest.approx(5000 ** .5)
    # 70.7, 10, 8.9 and 32, which COCO calls medium
    assert (numbers['small'], numbers['medium'], numbers['large']) == (.5, .5, 0)
    split.data['annotations'][0]['area'] = 900  # of a mask in the box of 100 x 50
    masked = summarise(replace(split))
    assert (masked['small'], masked['medium'], masked['sides']) == (.75, .25, numbers['sides'])
    assert (numbers['tiny'], numbers['huge'], numbers['overlapping']) == (0, .25, .5)
    assert (numbers['smallest_image'], numbers['largest_image']) == ([100, 50], [200, 100])
    assert numbers['different_sizes'] == 2


def test_tiny_boxes_at_the_input_of_the_paper():
    """1333 x 800 shrinks an image of 2666 x 1000 to a half, and one of 400 x 400 doubles."""
    split = split_of([(0, 1, 0, 0, 15, 15), (0, 1, 0, 0, 17, 17), (1, 1, 0, 0, 3.9, 3.9),
                      (1, 1, 0, 0, 4.1, 4.1)], [(2666, 1000), (400, 400)])
    numbers = summarise(split)
    assert (numbers['tiny_at_input'], numbers['tiny']) == (.5, .25)


def test_an_empty_split():
    numbers = summarise(split_of([]))
    assert (numbers['boxes'], numbers['small'], numbers['overlapping']) == (0, None, None)
    assert numbers['sides'] == dict(least=None, median=None, mean=None, most=None)
    assert summarise(split_of([], []))['smallest_image'] is None


def test_frequent_sizes(split):
    assert image_size_counts(split) == [(100, 50, 2), (200, 100, 1)]
    assert image_size_counts(split, most=1) == [(100, 50, 2)]


def test_pairs():
    owner = np.array([3, 1, 3, 1, 3, 2])
    pairs = {(first, second) for part in pairs_by_image(owner)
             for first, second in zip(*(array.tolist() for array in part))}
    assert pairs == {(0, 2), (0, 4), (2, 4), (1, 3)}
    assert [*pairs_by_image(np.zeros(0, int))] == []


def test_ious():
    first = np.array([[0, 0, 4, 2], [0, 0, 4, 2], [0, 0, 0, 5], [0, 0, 2, 2]], float)
    second = np.array([[2, 0, 4, 2], [4, 0, 4, 2], [0, 0, 0, 5], [0, 0, 2, 2]], float)
    assert pair_ious(first, second).tolist() == [pytest.approx(1 / 3), 0, 0, 1]
    crowd = np.array([True, True, True, False])  # half of the first box lies inside
    assert pair_ious(first, second, crowd).tolist() == [.5, 0, 0, 1]


def test_largest_ious_against_a_loop():
    random = np.random.default_rng(0)
    boxes, owner = random.uniform(1, 9, (40, 4)), random.integers(0, 6, 40)

    def iou(a, b):
        width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
        height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
        common = max(width, 0) * max(height, 0)
        return common / (a[2] * a[3] + b[2] * b[3] - common)

    slow = [max((iou(a, b) for b_at, b in enumerate(boxes) if b_at != a_at
                 and owner[b_at] == owner[a_at]), default=0) for a_at, a in enumerate(boxes)]
    np.testing.assert_allclose(largest_ious(boxes, owner), slow)


def test_crowds_do_not_overlap():
    boxes = [(0, 1, 0, 0, 9, 9), (0, 1, 0, 0, 9, 9)]
    assert histogram.overlaps(split_of(boxes)).tolist() == [1, 1]
    assert histogram.overlaps(split_of(boxes, crowd={0})).tolist() == [0]


def test_bins():
    assert histogram.bins(np.array([-5, 1, 2.5, 2.5, 4, 99]), [0, 2, 3, 4]) == [
        0.33333, 0.33333, 0.33333]
    assert histogram.bins(np.zeros(0), [0, 1]) == [0]


def test_aspects_and_sides(split):
    split.boxes[3, 3] = 0
    assert histogram.aspects(split).tolist() == [2, 4, 5]
    assert histogram.relative_sides(split).tolist() == pytest.approx(
        [1, .02 ** .5, .016 ** .5, 0])


def test_centers(split):
    """(50, 25), (20, 12.5) and (20, 12) of 100 x 50, (166, 66) of 200 x 100, in 20 x 20 cells."""
    counts = np.array(histogram.center_counts(split))
    assert {(*map(int, cell), int(counts[tuple(cell)])) for cell in np.argwhere(counts)} == {
        (10, 10, 1), (4, 5, 1), (4, 4, 1), (16, 13, 1)}
