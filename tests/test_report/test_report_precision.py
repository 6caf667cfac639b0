"""The AP of a report is that of the metric, computed from the arrays."""
import json

import numpy as np
import pytest
import torch

from fcos_mm.evaluation import CocoMetric
from fcos_mm.report.from_coco import LIMIT, results_from_coco
from fcos_mm.report.precision import coco_metrics
from fcos_mm.report.results import Found, Image

CLASSES = ('lid', 'cup', 'pot', 'jar')  # neither in the order of the ids nor in that of the file
CATEGORIES = {'jar': 3, 'lid': 90, 'cup': 7, 'pot': 11}
IMAGES = (30, 4, 12, 7, 2)  # ids, as the file has them; the last has no box
SHARES = [.5, .1, 0., .4]  # of the classes; there is no pot


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def data(random):
    """Boxes of all sizes, every fifth a crowd; the area is that of a mask."""
    images, labels = random.integers(0, 4, 60), random.choice(len(CLASSES), 60, p=SHARES)
    corners, sides = random.uniform(0, 400, (60, 2)), 4 ** random.uniform(1.5, 4, (60, 2))
    return dict(
        images=[dict(id=key, file_name=f'{key}.png', width=700, height=700) for key in IMAGES],
        categories=[dict(id=key, name=name) for name, key in CATEGORIES.items()],
        annotations=[dict(
            id=number + 1, image_id=IMAGES[image], category_id=CATEGORIES[CLASSES[label]],
            bbox=[*corner.tolist(), *side.tolist()], area=.7 * side.prod(),
            iscrowd=int(number % 5 == 0))
            for number, (image, label, corner, side) in enumerate(
                zip(images, labels, corners, sides))])


@pytest.fixture
def found(data, random):
    """Up to four detections of each box, and of the first image more than count; ties of scores."""
    places = {key: place for place, key in enumerate(IMAGES)}
    rows = [(places[row['image_id']], CLASSES.index(name), row['bbox'])
            for row in data['annotations'] for name, key in CATEGORIES.items()
            if key == row['category_id'] for _ in range(random.integers(5))]
    rows += [(0, 1, [x, 5., 30., 30.]) for x in range(LIMIT + 5)] + [(4, 2, [0., 0., 9., 9.])]
    images, labels, boxes = (np.array(column) for column in zip(*rows))
    boxes = boxes + random.normal(0, .05, boxes.shape) * np.tile(boxes[:, 2:], 2)
    boxes[:, 2:] = boxes[:, :2] + np.abs(boxes[:, 2:])
    order = np.argsort(images, kind='stable')
    scores = random.random(len(rows)).astype(np.float32).round(1)
    return Found(boxes.astype(np.float32).astype(float)[order], scores.astype(float)[order],
                 labels[order], images[order])


def of_the_metric(path, found):
    metric = CocoMetric(str(path), proposal_nums=(LIMIT, ) * 3)
    metric.dataset_meta = dict(classes=CLASSES)
    for place, key in enumerate(IMAGES):
        mine = found.images == place
        metric.process({}, [dict(img_id=key, ori_shape=(700, 700), pred_instances=dict(
            bboxes=torch.from_numpy(found.boxes[mine]), labels=torch.from_numpy(found.labels[mine]),
            scores=torch.from_numpy(found.scores[mine])))])
    return metric.evaluate(size=len(IMAGES))


def test_ap_is_that_of_the_metric(data, found, tmp_path):
    (tmp_path / 'val.json').write_text(json.dumps(data))
    expected = of_the_metric(tmp_path / 'val.json', found)
    images = [Image(key, f'/{key}.png', 700, 700) for key in IMAGES]
    mine = coco_metrics(results_from_coco(data, CLASSES, images, found, {}))
    assert mine == {name: expected[name] for name in mine}
    assert len(set(mine.values())) == 6
