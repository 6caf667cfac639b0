"""The fast evaluation gives pycocotools' numbers, to the last digit."""
import contextlib
import copy
import io
import json
import re
import sys

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fcos_mm.errors import UserError
from fcos_mm.evaluation import coco_backend
from fcos_mm.evaluation.coco_backend import FastCOCOeval, choose_evaluator


def coco(ground_truth):
    result = COCO()
    result.dataset = copy.deepcopy(ground_truth)
    result.createIndex()
    return result


def evaluated(evaluator, ground_truth, detections, **params):
    """The evaluation, and what it printed without the times."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        known = coco(ground_truth)
        found = known.loadRes(copy.deepcopy(detections))
    with contextlib.redirect_stdout(printed):
        evaluation = evaluator(known, found, 'bbox')
        for name, value in params.items():
            setattr(evaluation.params, name, value)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation, re.sub('t=[0-9.]+s', '', printed.getvalue())


def assert_same(ground_truth, detections, **params):
    """Both evaluations agree; return the twelve numbers."""
    pytest.importorskip('faster_coco_eval')
    slow, slow_lines = evaluated(COCOeval, ground_truth, detections, **params)
    fast, fast_lines = evaluated(FastCOCOeval, ground_truth, detections, **params)
    assert fast.stats.tolist() == slow.stats.tolist()
    for name in ('precision', 'recall', 'scores'):
        np.testing.assert_array_equal(fast.eval[name], slow.eval[name])
    assert fast.eval['counts'] == slow.eval['counts']
    assert fast_lines == slow_lines
    return slow.stats


@pytest.mark.parametrize('params', [
    {}, dict(maxDets=[100, 300, 1000]), dict(maxDets=[1, 3, 5]), dict(useCats=0),
    dict(useCats=0, maxDets=[2, 4, 100], catIds=[90, 3, 7, 11, 5]),
    dict(imgIds=[3, 1, 7, 20]), dict(catIds=[3, 90]), dict(iouThrs=np.array([0.5, 0.75]))],
    ids=str)
@pytest.mark.parametrize('decimals', [6, 1], ids=['scores differ', 'ties of scores'])
def test_same_numbers(ground_truth, jitter, params, decimals):
    stats = assert_same(ground_truth, jitter(ground_truth, 1, decimals), **params)
    assert (stats[8] > 0.1)  # there is something to compare


def test_exact_boxes_give_one(ground_truth, jitter):
    """Every box found as it is: AP 1. Crowds need not be found."""
    found = [dict(image_id=box['image_id'], category_id=box['category_id'], score=0.5,
                  bbox=list(box['bbox']))
             for box in ground_truth['annotations'] if not box['iscrowd']]
    stats = assert_same(ground_truth, found)
    assert stats[0] == pytest.approx(1) and stats[8] == 1


def test_half_of_the_boxes():
    """One of two boxes found: precision 1 up to recall 0.5, 51 of 101 points."""
    boxes = [[0, 0, 10, 10], [50, 50, 10, 10]]
    known = dict(
        images=[dict(id=1, width=100, height=100)], categories=[dict(id=1, name='cup')],
        annotations=[dict(id=index, image_id=1, category_id=1, bbox=box, area=100, iscrowd=0)
                     for index, box in enumerate(boxes, start=1)])
    found = [dict(image_id=1, category_id=1, bbox=boxes[0], score=0.9)]
    stats = assert_same(known, found)
    assert stats[0] == pytest.approx(51 / 101)
    assert stats[6:9].tolist() == [0.5, 0.5, 0.5]
    assert stats[4] == stats[5] == -1  # no medium, no large box


@pytest.mark.parametrize('seed', range(5))
def test_overlaps_on_the_thresholds(seed):
    """Whole-pixel boxes in a small picture: equal overlaps, overlaps of 0.5 exactly."""
    random = np.random.default_rng(seed)

    def boxes(count):
        corners = random.integers(0, 6, (count, 2))
        return np.concatenate([corners, random.integers(1, 5, (count, 2))], 1).tolist()

    known = dict(images=[dict(id=image, width=10, height=10) for image in range(8)],
                 categories=[dict(id=1, name='cup')], annotations=[])
    found = []
    for image in range(8):
        for box in boxes(6):
            known['annotations'].append(dict(
                id=len(known['annotations']) + 1, image_id=image, category_id=1, bbox=box,
                area=box[2] * box[3], iscrowd=int(random.random() < 0.2)))
        found += [dict(image_id=image, category_id=1, bbox=box, score=random.integers(1, 4) / 4)
                  for box in boxes(9)]
    assert_same(known, found)


def test_same_numbers_on_real_boxes(real_data, jitter):
    known = json.loads((real_data / 'coco' / 'instances_val2017_bbox.json').read_text())
    known['images'] = known['images'][:600]
    kept = {image['id'] for image in known['images']}
    known['annotations'] = [box for box in known['annotations'] if box['image_id'] in kept]
    stats = assert_same(known, jitter(known, 0, 3))
    assert 0.2 < stats[0] < 0.9


def test_named_backends():
    assert choose_evaluator('pycocotools') is COCOeval
    pytest.importorskip('faster_coco_eval')
    assert choose_evaluator('auto') is FastCOCOeval
    assert choose_evaluator('faster-coco-eval') is FastCOCOeval


def test_unknown_backend():
    with pytest.raises(UserError, match="backend='coco'.\nIt must be one of .*pycocotools"):
        choose_evaluator('coco')


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(coco_backend, 'print_log', lambda text, **_: lines.append(text))
    return lines


def test_without_the_fast_library(monkeypatch, log):
    monkeypatch.setattr(sys, 'path', [])
    monkeypatch.delitem(sys.modules, 'faster_coco_eval', raising=False)
    assert choose_evaluator('auto') is COCOeval
    assert log == []
    with pytest.raises(UserError, match='is not installed.\nRun `pip install faster-coco-eval`'):
        choose_evaluator('faster-coco-eval')


@pytest.mark.parametrize('broken', [
    'raise ImportError("libstdc++.so.6: version not found")', 'import no_such_module',
    'raise OSError("no such file")'])
def test_broken_library(monkeypatch, log, tmp_path, broken):
    (tmp_path / 'faster_coco_eval.py').write_text(broken)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'faster_coco_eval', raising=False)
    assert choose_evaluator('auto') is COCOeval
    assert len(log) == 1 and 'evaluating with pycocotools' in log[0]
    with pytest.raises(UserError, match='cannot be imported'):
        choose_evaluator('faster-coco-eval')
