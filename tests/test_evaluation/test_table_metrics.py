"""The numbers of the tables, against a slow computation from their definitions."""
import contextlib
import io
import json

import numpy as np
import pytest
from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmengine.fileio import dump
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fcos_mm.errors import UserError
from fcos_mm.evaluation import class_agnostic_numbers, coco_numbers, proposal_recall
from fcos_mm.evaluation.coco_files import as_coco, read_results, read_truth, results_as_coco

THRESHOLDS = np.linspace(0.5, 0.95, 10)
POINTS = np.linspace(0, 1, 101)
AREAS = dict(all=(0, 1e10), S=(0, 32**2), M=(32**2, 96**2), L=(96**2, 1e10))


def overlap(found, box, crowd):
    """IoU of two boxes (x, y, w, h); with a crowd, the part of the first that it covers."""
    width = min(found[0] + found[2], box[0] + box[2]) - max(found[0], box[0])
    height = min(found[1] + found[3], box[1] + box[3]) - max(found[1], box[1])
    both = max(width, 0) * max(height, 0)
    own, other = found[2] * found[3], box[2] * box[3]
    return both / own if crowd else both / (own + other - both)


def judged(found, boxes, threshold, area):
    """Say of each detection of an image, best first: right, wrong, or None, not counted.

    Each takes the free box it covers best; only if there is none may it fall on a
    crowd or on a box of another size, and then it does not count. Neither does
    what covers nothing and is of another size itself.
    """
    taken, verdicts = set(), []
    for row in found:
        best = {True: (threshold, None), False: (threshold, None)}  # by: does the box count
        for index, box in enumerate(boxes):
            counts = not box['iscrowd'] and area[0] <= box['area'] <= area[1]
            iou = overlap(row['bbox'], box['bbox'], box['iscrowd'])
            if (index not in taken or box['iscrowd']) and iou >= best[counts][0]:
                best[counts] = (iou, index)
        index = best[True][1] if best[True][1] is not None else best[False][1]
        if index is not None:
            taken.add(index)
            verdicts.append(True if best[True][1] is not None else None)
        else:
            size = row['bbox'][2] * row['bbox'][3]
            verdicts.append(False if area[0] <= size <= area[1] else None)
    return verdicts


def curve(truth, found, threshold, area, limit):
    """Precision at the 101 recalls, and the recall reached; None without a box."""
    verdicts = []
    for image in sorted(image['id'] for image in truth['images']):
        mine = sorted((row for row in found if row['image_id'] == image),
                      key=lambda row: -row['score'])[:limit]
        boxes = [box for box in truth['annotations'] if box['image_id'] == image]
        verdicts += zip([row['score'] for row in mine], judged(mine, boxes, threshold, area))
    total = sum(not box['iscrowd'] and area[0] <= box['area'] <= area[1]
                for box in truth['annotations'])
    if not total:
        return None
    verdicts = [right for _, right in sorted(verdicts, key=lambda pair: -pair[0])
                if right is not None]
    hits = np.cumsum(verdicts)
    recall, precision = hits / total, hits / np.arange(1, len(hits) + 1)
    at = [precision[recall >= point].max(initial=0) for point in POINTS]
    return np.array(at), recall.max(initial=0)


def curves(truth, found, *, categories=True, area='all', limit=100):
    """Precision (K, 10, 101) and recall (K, 10), of the categories that have a box."""
    keys = [category['id'] for category in truth['categories']]
    results = []
    for key in keys if categories else [None]:
        own = dict(truth, annotations=[box for box in truth['annotations']
                                       if key in (None, box['category_id'])])
        rows = [row for row in found if key in (None, row['category_id'])]
        results.append([curve(own, rows, t, AREAS[area], limit) for t in THRESHOLDS])
    results = [result for result in results if result[0] is not None]
    return (np.array([[point[0] for point in result] for result in results]),
            np.array([[point[1] for point in result] for result in results]))


@pytest.fixture(scope='module')
def truth(ground_truth):
    """16 of the images: the slow way is slow."""
    return dict(ground_truth, images=ground_truth['images'][:16],
                annotations=[box for box in ground_truth['annotations'] if box['image_id'] <= 16])


@pytest.fixture(scope='module')
def found(truth, jitter):
    return jitter(truth, 3, decimals=6)


@pytest.fixture(params=['auto', 'pycocotools'])
def backend(request):
    return request.param


def test_coco_numbers_from_the_definition(truth, found, backend):
    precision, recall = curves(truth, found)
    expected = dict(AP=precision.mean(), AP50=precision[:, 0].mean(), AP75=precision[:, 5].mean(),
                    AR_100=recall.mean())
    for area in 'SML':
        expected[f'AP_{area}'] = curves(truth, found, area=area)[0].mean()
    for limit in (1, 10):
        expected[f'AR_{limit}'] = curves(truth, found, limit=limit)[1].mean()
    numbers = coco_numbers(as_coco(truth), found, backend=backend)
    assert numbers == pytest.approx(expected, abs=1e-9)
    assert 0.2 < numbers['AP'] < numbers['AP50'] < 0.9
    assert numbers['AR_1'] < numbers['AR_10']
    assert len({numbers[f'AP_{area}'] for area in 'SML'}) == 3


def test_only_some_images(truth, found, backend):
    chosen = [2, 3, 5, 14]
    part = dict(truth, images=[image for image in truth['images'] if image['id'] in chosen],
                annotations=[box for box in truth['annotations'] if box['image_id'] in chosen])
    rows = [row for row in found if row['image_id'] in chosen]
    precision, recall = curves(part, rows)
    numbers = coco_numbers(as_coco(truth), found, image_ids=chosen, backend=backend)
    assert numbers['AP'] == pytest.approx(precision.mean(), abs=1e-9)
    assert numbers['AR_100'] == pytest.approx(recall.mean(), abs=1e-9)
    assert numbers['AP'] != coco_numbers(as_coco(truth), found)['AP']
    agnostic = class_agnostic_numbers(as_coco(truth), found, image_ids=chosen, backend=backend)
    assert agnostic.AP == pytest.approx(curves(part, rows, categories=False)[0].mean(), abs=1e-9)


def test_class_agnostic_from_the_definition(truth, found, backend):
    precision, recall = curves(truth, found, categories=False)
    numbers = class_agnostic_numbers(as_coco(truth), found, backend=backend)
    assert numbers.AP == pytest.approx(precision.mean(), abs=1e-9)
    np.testing.assert_allclose(numbers.recall, POINTS, atol=1e-15)
    for place, iou in ((0, 0.5), (5, 0.75), (8, 0.9)):
        name = f'AP{iou * 100:.0f}'
        assert getattr(numbers, name) == pytest.approx(precision[0, place].mean(), abs=1e-9)
        np.testing.assert_allclose(numbers.precision[iou], precision[0, place], atol=1e-9)
        assert numbers.best_recall[iou] == pytest.approx(recall[0, place])
    assert 0 < numbers.AP90 < numbers.AP75 < numbers.AP50 < 1


def test_a_wrong_category_counts_only_where_categories_do(backend):
    """Two boxes; the better detection has the other category, the second is right.

    Without categories precision is 1 up to recall 1, with them the wrong one is
    an error of a category that has no box, which does not count at all.
    """
    rows = [detection([0, 0, 10, 10], 0.9, category=2), detection([50, 50, 10, 10], 0.8)]
    known = two_boxes()
    numbers = class_agnostic_numbers(known, rows, backend=backend)
    assert (numbers.AP50, numbers.best_recall[0.9]) == (pytest.approx(1), 1)
    assert coco_numbers(known, rows, backend=backend)['AP50'] == pytest.approx(51 / 101)


def test_one_hit_after_one_miss(backend):
    """Precision 1/2 up to recall 1/2: 51 of 101 points."""
    rows = [detection([80, 0, 10, 10], 0.9), detection([0, 0, 10, 9], 0.8)]  # IoU 0.9
    numbers = class_agnostic_numbers(two_boxes(), rows, backend=backend)
    assert numbers.precision[0.75].tolist() == [0.5] * 51 + [0] * 50
    assert numbers.AP75 == numbers.AP90 == pytest.approx(0.5 * 51 / 101)
    assert numbers.best_recall == {0.5: 0.5, 0.75: 0.5, 0.9: 0.5}
    assert json.loads(json.dumps(numbers.to_dict()))['precision']['0.75'][51] == 0


def test_recall_of_proposals_from_the_definition(truth, jitter, backend):
    proposals = sum((jitter(truth, seed, decimals=6) for seed in range(4)), [])
    numbers = proposal_recall(as_coco(truth), proposals, limits=(5, 20, 1000), backend=backend)
    for limit in (5, 20, 1000):
        recall = curves(truth, proposals, categories=False, limit=limit)[1]
        assert numbers[f'AR@{limit}'] == pytest.approx(recall.mean(), abs=1e-9)
    assert numbers['AR@5'] < numbers['AR@20'] < numbers['AR@1000']


def test_recall_is_mmdets(ground_truth, jitter, tmp_path):
    rows = jitter(ground_truth, 5)
    path, results = str(tmp_path / 'ann.json'), str(tmp_path / 'r.bbox.json')
    dump(ground_truth, path)
    dump(rows, results)
    numbers = proposal_recall(path, results)
    metric = MMDetCocoMetric(path, metric='proposal')
    metric.dataset_meta = dict(classes=tuple(c['name'] for c in ground_truth['categories']))
    metric.results2json = lambda *_: dict(proposal=results)
    expected = metric.compute_metrics([(None, None)])
    assert {f'AR@{limit}': round(numbers[f'AR@{limit}'], 3) for limit in (100, 1000)} == {
        f'AR@{limit}': expected[f'AR@{limit}'] for limit in (100, 1000)}


def test_the_numbers_are_pycocotools(ground_truth, jitter, tmp_path, capsys):
    rows = jitter(ground_truth, 6)
    path, results = str(tmp_path / 'ann.json'), str(tmp_path / 'r.bbox.json')
    dump(ground_truth, path)
    dump(rows, results)
    numbers = coco_numbers(path, results)
    assert capsys.readouterr().out == ''
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO(path)
        evaluation = COCOeval(known, known.loadRes(results), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert list(numbers.values()) == evaluation.stats[:9].tolist()


def test_nothing_found(truth, backend):
    numbers = coco_numbers(as_coco(truth), [], backend=backend)
    assert set(numbers.values()) == {0}
    assert proposal_recall(as_coco(truth), [], backend=backend) == {'AR@100': 0, 'AR@1000': 0}
    agnostic = class_agnostic_numbers(as_coco(truth), [], backend=backend)
    assert agnostic.AP == 0 and agnostic.best_recall[0.5] == 0


def test_nothing_to_find_is_nan(truth, found, backend):
    empty = as_coco(dict(truth, annotations=[]))
    assert np.isnan(list(coco_numbers(empty, found, backend=backend).values())).all()
    agnostic = class_agnostic_numbers(empty, found, backend=backend)
    assert np.isnan([agnostic.AP, agnostic.AP90, agnostic.best_recall[0.5]]).all()
    assert np.isnan(agnostic.precision[0.5]).all()
    # Boxes of 100 square pixels are small, and there are no others.
    numbers = coco_numbers(two_boxes(), [], backend=backend)
    assert numbers['AP_S'] == 0 and np.isnan([numbers['AP_M'], numbers['AP_L']]).all()


def test_the_results_are_left_as_they_are(truth, found):
    before = json.dumps(found)
    coco_numbers(as_coco(truth), found)
    assert json.dumps(found) == before


def test_ids_that_are_not_annotated():
    with pytest.raises(UserError, match='category_id 7 is not in the annotations'):
        coco_numbers(two_boxes(), [detection([0, 0, 1, 1], 0.5, category=7)])
    with pytest.raises(UserError, match='image_id 9 is not in the annotations'):
        coco_numbers(two_boxes(), [dict(detection([0, 0, 1, 1], 0.5), image_id=9)])
    with pytest.raises(UserError, match='1 of the image_ids .* e.g. 4'):
        coco_numbers(two_boxes(), [], image_ids=[1, 4])


@pytest.mark.parametrize('text, message', [
    ('{', 'is not JSON'), ('{"a": 1}', 'not a list of detections'),
    ('[{"image_id": 1}]', 'not a list of detections')])
def test_results_that_are_none(tmp_path, text, message):
    path = tmp_path / 'r.bbox.json'
    path.write_text(text)
    with pytest.raises(UserError, match=f'{message}: .*r.bbox.json|r.bbox.json: {message}'):
        read_results(str(path), two_boxes())


def test_annotations_that_are_none(tmp_path):
    with pytest.raises(UserError, match='Annotation file not found: .*none.json'):
        read_truth(str(tmp_path / 'none.json'))
    (tmp_path / 'list.json').write_text('[]')
    with pytest.raises(UserError, match="list.json is not in COCO format"):
        read_truth(str(tmp_path / 'list.json'))


def test_indexed_results_are_those_of_pycocotools():
    rows = [detection([1, 2, 3, 4], 0.5), detection([0, 0, 5, 5], 0.25)]
    with contextlib.redirect_stdout(io.StringIO()):
        expected = two_boxes().loadRes([dict(row) for row in rows]).anns
    mine = results_as_coco(rows, two_boxes()).anns
    names = ('id', 'area', 'iscrowd', 'bbox', 'score', 'category_id', 'image_id')
    assert {key: [row[name] for name in names] for key, row in mine.items()} == {
        key: [row[name] for name in names] for key, row in expected.items()}


def two_boxes():
    """Two boxes of 10 x 10 and one category more than they have."""
    return as_coco(dict(
        images=[dict(id=1, width=100, height=100)],
        categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
        annotations=[
            dict(id=index, image_id=1, category_id=1, bbox=box, area=100, iscrowd=0)
            for index, box in enumerate([[0, 0, 10, 10], [50, 50, 10, 10]], start=1)]))


def detection(box, score, category=1):
    return dict(image_id=1, category_id=category, bbox=box, score=score)
