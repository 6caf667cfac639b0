"""The generated dataset: the same bytes, correct boxes, and hard."""
import hashlib
import json
from itertools import combinations

import numpy as np
import pytest
from mmdet.datasets import CocoDataset

from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.datasets.shapes.drawing import CLASSES, coverage, outline, pose
from fcos_mm.datasets.shapes.scene import MIN_SIDE, Scene, draw_scene
from fcos_mm.errors import UserError


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    """Folder of a dataset of 60, 4 and 6 pictures, seed 0."""
    folder = tmp_path_factory.mktemp('shapes')
    make_shapes(folder, counts=(60, 4, 6))
    return folder


def read(folder, split):
    return json.loads((folder / 'annotations' / f'{split}.json').read_text())


def digests(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob('*')) if path.is_file()}


def an_empty_scene(width=64, height=48):
    return Scene(width, height, np.random.default_rng(0))


# The bytes


def test_same_seed_gives_same_bytes(shapes, tmp_path):
    np.random.seed(123)  # the global state must not matter
    make_shapes(tmp_path, counts=(60, 4, 6))
    assert digests(tmp_path) == digests(shapes)
    assert len(digests(shapes)) == 60 + 4 + 6 + 3


def test_more_pictures_keep_the_first(shapes, tmp_path):
    make_shapes(tmp_path, counts=(2, 5, 1))
    ours, theirs = digests(tmp_path), digests(shapes)
    same = {name for name in ours if ours[name] == theirs.get(name)}
    assert same == {'train/000001.jpg', 'train/000002.jpg', 'test/000001.jpg',
                    *(f'val/{number:06d}.jpg' for number in range(1, 5))}


def test_another_seed_and_another_split_give_other_pictures(shapes, tmp_path):
    make_shapes(tmp_path, seed=1, counts=(1, 1, 1))
    files = [folder / split / '000001.jpg'
             for folder in (shapes, tmp_path) for split in ('train', 'val', 'test')]
    assert len({path.read_bytes() for path in files}) == 6


# The boxes


def test_a_square_of_whole_pixels_covers_them():
    square = np.array([(10., 12.), (20., 12.), (20., 18.), (10., 18.)])
    mask = coverage([square], 64, 48) > 127
    assert mask[12:18, 10:20].all()
    assert mask.sum() == 10 * 6


def test_two_contours_make_a_hole():
    outer = np.array([(10., 10.), (30., 10.), (30., 30.), (10., 30.)])
    mask = coverage([outer, (outer - 20) / 2 + 20], 64, 48) > 127
    assert mask.sum() == 20 * 20 - 10 * 10
    assert not mask[15:25, 15:25].any()


@pytest.mark.parametrize('label', range(len(CLASSES)), ids=CLASSES)
def test_a_pose_has_the_asked_size_and_center(label):
    rng = np.random.default_rng(label)
    points = np.concatenate(pose(outline(CLASSES[label], rng), 20, (30, 40), rng))
    low, high = points.min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(20)
    assert (low + high) / 2 == pytest.approx([30, 40])


def test_boxes_enclose_what_can_be_seen():
    scene = an_empty_scene()
    scene.shapes = [dict(label=4, area=200., iscrowd=0), dict(label=1, area=9., iscrowd=1)]
    scene.owner[10:20, 30:45] = 0
    scene.owner[10:13, 30:33] = 1
    assert scene.boxes() == [dict(label=4, bbox=[30, 10, 15, 10], area=150 - 9, iscrowd=0),
                             dict(label=1, bbox=[30, 10, 3, 3], area=9, iscrowd=1)]


def test_a_shape_that_hides_another_is_not_painted():
    scene = an_empty_scene()
    square, disc = CLASSES.index('square'), CLASSES.index('disc')
    assert scene.add_shape(disc, 12, (30, 24))
    before = scene.image.copy()
    assert not scene.add_shape(square, 40, (30, 24))
    assert [box['label'] for box in scene.boxes()] == [disc]
    assert np.array_equal(scene.image, before)


@pytest.mark.parametrize('size, center', [(6, (30, 24)), (30, (-8, 24))],
                         ids=['too small', 'mostly outside'])
def test_a_shape_that_cannot_be_seen_is_not_painted(size, center):
    scene = an_empty_scene()
    assert not scene.add_shape(CLASSES.index('disc'), size, center)
    assert scene.boxes() == []


def test_a_distractor_has_no_box():
    scene = an_empty_scene()
    before = scene.image.copy()
    scene.add_distractor(30, (32, 24))
    assert not np.array_equal(scene.image, before)
    assert scene.boxes() == []


def test_a_swarm_is_one_crowd_box():
    scene = an_empty_scene()
    assert scene.add_swarm(2, 12, (30, 24))
    box, = scene.boxes()
    assert (box['label'], box['iscrowd']) == (2, 1)
    assert max(box['bbox'][2:]) > 2 * 7  # the largest member has 7 pixels


# The files


@pytest.mark.parametrize('split, count', [('train', 60), ('val', 4), ('test', 6)])
def test_annotations_are_sound(shapes, split, count):
    content = read(shapes, split)
    assert [image['id'] for image in content['images']] == list(range(1, count + 1))
    assert [(entry['id'], entry['name']) for entry in content['categories']] == list(
        enumerate(CLASSES, start=1))
    numbers = [entry['id'] for entry in content['annotations']]
    assert numbers == list(range(1, len(numbers) + 1))
    for entry in content['annotations']:
        x, y, width, height = entry['bbox']
        assert 0 <= x and x + width <= 128 and 0 <= y and y + height <= 128
        assert 0 < entry['area'] <= width * height
        assert max(width, height) >= MIN_SIDE and min(width, height) >= 1
        assert 1 <= entry['category_id'] <= len(CLASSES)


def test_mmdet_reads_it(shapes):
    dataset = CocoDataset(
        data_root=str(shapes), ann_file='annotations/train.json', data_prefix=dict(img='train/'),
        metainfo=dict(classes=CLASSES), pipeline=[])
    ours = read(shapes, 'train')['annotations']
    theirs = [instance for index in range(len(dataset))
              for instance in dataset.get_data_info(index)['instances']]
    assert len(dataset) == 60
    assert [entry['category_id'] - 1 for entry in ours] == [
        instance['bbox_label'] for instance in theirs]
    assert [entry['iscrowd'] for entry in ours] == [instance['ignore_flag'] for instance in theirs]


def test_pictures_can_be_of_another_shape(tmp_path):
    make_shapes(tmp_path, counts=(1, 1, 1), image_size=(96, 64))
    image, = read(tmp_path, 'train')['images']
    assert (image['width'], image['height']) == (96, 64)
    picture, _ = draw_scene(96, 64, np.random.default_rng(0))
    assert picture.shape == (64, 96, 3)


@pytest.mark.parametrize('options, named', [
    (dict(seed=-1), 'seed'),
    (dict(counts=(5, 0, 5)), 'counts'),
    (dict(counts=(5, 5)), 'counts'),
    (dict(image_size=(128, 32)), 'image_size'),
])
def test_wrong_options_are_named(tmp_path, options, named):
    with pytest.raises(UserError, match=named):
        make_shapes(tmp_path, **options)


# What makes it hard


def per_picture(shapes):
    content = read(shapes, 'train')
    boxes = {image['id']: [] for image in content['images']}
    for entry in content['annotations']:
        if not entry['iscrowd']:
            boxes[entry['image_id']].append(entry)
    return list(boxes.values())


def inside(inner, outer):
    """Part of a box that lies inside another."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = inner['bbox'], outer['bbox']
    width = min(x0 + w0, x1 + w1) - max(x0, x1)
    height = min(y0 + h0, y1 + h1) - max(y0, y1)
    return max(width, 0) * max(height, 0) / (w0 * h0)


def test_sizes_reach_from_8_pixels_to_most_of_the_picture(shapes):
    sides = [max(entry['bbox'][2:]) for boxes in per_picture(shapes) for entry in boxes]
    assert min(sides) < 10 and max(sides) > 0.75 * 128
    assert np.mean(np.array(sides) < 16) > 0.15
    assert np.mean(np.array(sides) > 48) > 0.10


def test_every_class_has_its_share(shapes):
    labels = [entry['category_id'] for boxes in per_picture(shapes) for entry in boxes]
    assert np.bincount(labels, minlength=7)[1:].min() > 0.1 * len(labels)


def test_boxes_of_different_classes_overlap(shapes):
    pairs = [max(inside(one, two), inside(two, one))
             for boxes in per_picture(shapes) for one, two in combinations(boxes, 2)
             if one['category_id'] != two['category_id']]
    # More than every second picture has a box that lies mostly inside one of another class.
    assert sum(part > 0.7 for part in pairs) > 30


def test_there_are_crowds_and_empty_pictures(shapes):
    numbers = [len(boxes) for boxes in per_picture(shapes)]
    assert max(numbers) >= 12 and min(numbers) == 0
    assert any(entry['iscrowd'] for entry in read(shapes, 'train')['annotations'])


def test_color_does_not_give_the_class():
    """Mean colours of the classes lie close together beside their spread."""
    means = {label: [] for label in range(len(CLASSES))}
    for seed in range(240):
        scene = Scene(64, 64, np.random.default_rng(seed))
        if scene.add_shape(seed % len(CLASSES), 40, (32, 32)):
            means[seed % len(CLASSES)].append(scene.image[scene.owner == 0].mean(axis=0))
    centers = np.array([np.mean(colors, axis=0) for colors in means.values()])
    spread = np.mean([np.std(colors, axis=0) for colors in means.values()])
    assert spread > 30
    assert np.ptp(centers, axis=0).max() < spread
