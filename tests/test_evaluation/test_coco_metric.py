"""The metric as configs build it: mmdet's results whichever library computes them."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric as MMDetCocoMetric
from mmdet.evaluation.metrics import coco_metric as mmdet_metric
from mmengine.logging import MessageHub
from mmengine.registry import METRICS as ROOT
from mmengine.registry import DefaultScope
from pycocotools.cocoeval import COCOeval

from fcos_mm.errors import UserError
from fcos_mm.evaluation import CocoMetric
from fcos_mm.evaluation.coco_backend import FastCOCOeval
from fcos_mm.evaluation.coco_files import as_coco, results_as_coco
from fcos_mm.evaluation.score_threshold import ScoreThresholds

NAMES = {7: 0, 3: 1, 90: 2, 11: 3, 5: 4}  # category id: label


@pytest.fixture
def files(tmp_path, ground_truth):
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(ground_truth))
    return str(path)


def samples(ground_truth, detections):
    """What the model hands to the metric, image after image."""
    for image in ground_truth['images']:
        mine = [item for item in detections if item['image_id'] == image['id']]
        boxes = np.array([item['bbox'] for item in mine], dtype=np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        yield dict(img_id=image['id'], ori_shape=(image['height'], image['width']),
                   pred_instances=dict(
                       bboxes=torch.from_numpy(boxes),
                       scores=torch.tensor([item['score'] for item in mine]),
                       labels=torch.tensor([NAMES[item['category_id']] for item in mine],
                                           dtype=torch.long)))


def results(metric, ground_truth, detections):
    metric.dataset_meta = dict(classes=tuple(f'class {key}' for key in NAMES))
    metric.process({}, list(samples(ground_truth, detections)))
    return metric.evaluate(size=len(ground_truth['images']))


def test_plain_name_gives_this_metric_in_our_scope(files):
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        assert type(ROOT.build(dict(type='CocoMetric', ann_file=files))) is CocoMetric
        assert type(ROOT.build(dict(type='mmdet.CocoMetric', ann_file=files))) is MMDetCocoMetric
        assert ROOT.build(dict(type='DumpDetResults', out_file_path='a.pkl')) is not None


@pytest.mark.parametrize('settings', [
    dict(), dict(metric='proposal'),
    dict(metric=['bbox', 'proposal']),
    dict(metric_items=['mAP_50', 'AR@100', 'AR_l@1000']), dict(proposal_nums=(1, 10, 100))],
    ids=str)
def test_results_are_mmdets(files, ground_truth, jitter, settings):
    found = jitter(ground_truth, 2)
    expected = results(MMDetCocoMetric(files, **settings), ground_truth, found)
    for backend in ('auto', 'pycocotools'):
        mine = results(CocoMetric(files, backend=backend, **settings), ground_truth, found)
        assert mine == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
    assert len(expected) >= 3


def test_recall_of_equally_many_proposals(files, ground_truth):
    """``proposal_fast`` is mmdet's; only the image that was tested counts."""
    one = {**ground_truth, 'images': ground_truth['images'][:1]}
    found = [dict(image_id=1, category_id=7, score=0.5, bbox=list(box['bbox']))
             for box in ground_truth['annotations'] if box['image_id'] == 1]
    settings = dict(metric='proposal_fast', proposal_nums=(1, 100))
    for kind in (MMDetCocoMetric, CocoMetric):
        metric = kind(files, **settings)
        metric.img_ids = [1]  # mmdet wants as many images as were tested
        assert results(metric, one, found)['coco/AR@100'] == 1


@pytest.mark.parametrize('settings', [dict(metric='segm'), dict(metric=['bbox', 'segm']),
                                      dict(metric='bbox', use_mp_eval=True)], ids=str)
def test_masks_and_several_processes_are_mmdets(tmp_path, settings):
    """A square that is found, one that is found in part, a detection of nothing."""
    squares = [(0, 0, 30, 30), (50, 50, 90, 90)]
    data = dict(
        images=[dict(id=1, width=100, height=100)], categories=[dict(id=7, name='class 7')],
        annotations=[dict(
            id=n, image_id=1, category_id=7, iscrowd=0, area=(x1 - x0) * (y1 - y0),
            bbox=[x0, y0, x1 - x0, y1 - y0], segmentation=[[x0, y0, x1, y0, x1, y1, x0, y1]])
            for n, (x0, y0, x1, y1) in enumerate(squares, start=1)])
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(data))
    found = torch.tensor([[0., 0, 30, 30], [50, 50, 90, 82], [10, 60, 20, 70]])
    masks = torch.zeros(3, 100, 100, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, found.int().tolist()):
        mask[y0:y1, x0:x1] = True
    figures = []
    for kind in (MMDetCocoMetric, CocoMetric):
        metric = kind(str(path), **settings)
        metric.dataset_meta = dict(classes=('class 7', ))
        metric.process({}, [dict(img_id=1, ori_shape=(100, 100), pred_instances=dict(
            bboxes=found, scores=torch.tensor([.9, .8, .7]), labels=torch.zeros(3).long(),
            masks=masks))])
        figures.append(metric.evaluate(size=1))
    assert figures[0] == figures[1] and 0.5 < next(iter(figures[0].values())) < 1


def test_printed_lines_are_pycocotools(files, ground_truth, jitter, capfd):
    found = jitter(ground_truth, 2)
    tables = []
    for kind in (MMDetCocoMetric, CocoMetric):
        capfd.readouterr()
        results(kind(files), ground_truth, found)
        lines = capfd.readouterr().out.splitlines()
        tables.append([line for line in lines if line.startswith(' Average')])
    assert tables[0] == tables[1] and len(tables[0]) == 12
    assert tables[0][0].startswith(
        ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.')


def test_no_detection_at_all(files, ground_truth):
    """mmdet has no numbers then; ours are those of boxes that are all missed."""
    assert results(MMDetCocoMetric(files), ground_truth, []) == {}
    numbers = results(CocoMetric(files, classwise=True), ground_truth, [])
    assert {name: value for name, value in numbers.items() if value != 0} == {
        'coco/class 5_precision': pytest.approx(float('nan'), nan_ok=True)}
    assert next(iter(numbers)) == 'coco/bbox_mAP'


def test_single_classes(files, ground_truth, jitter):
    """Each class alone by pycocotools; mmdet takes another where the ids do not ascend."""
    found = jitter(ground_truth, 2)
    numbers = results(CocoMetric(files, classwise=True), ground_truth, found)
    mixed_up = results(MMDetCocoMetric(files, classwise=True), ground_truth, found)
    alone = {}
    for entry in ground_truth['categories']:
        rows = [row for row in found if row['category_id'] == entry['id']]
        metric = COCOeval(as_coco(ground_truth), results_as_coco(rows, as_coco(ground_truth)),
                          'bbox')
        metric.params.catIds, metric.params.maxDets = [entry['id']], [100, 300, 1000]
        metric.evaluate()
        metric.accumulate()
        metric.summarize()
        ap = metric.stats[0] if metric.stats[0] >= 0 else float('nan')
        alone[f"coco/{entry['name']}_precision"] = round(ap, 3)
    assert {name: numbers[name] for name in alone} == pytest.approx(alone, nan_ok=True)
    assert {name: mixed_up[name] for name in alone} != pytest.approx(alone, nan_ok=True)


def kept_thresholds():
    return ScoreThresholds.from_meta(MessageHub.get_current_instance().runtime_info)


def test_score_thresholds_are_kept_for_checkpoints(files, ground_truth, jitter):
    """They change no metric; classes have the names of the annotations."""
    found, hub = jitter(ground_truth, 2), MessageHub.get_current_instance()
    metric = CocoMetric(files, classwise=True)
    with_them = results(metric, ground_truth, found)
    thresholds = kept_thresholds()
    assert sorted(thresholds.classes) == ['class 11', 'class 3', 'class 7', 'class 90']
    rows = metric.threshold_table.splitlines()
    for name, value in dict(thresholds.classes, **{'(all)': thresholds.overall}).items():
        row, = [row.split('|') for row in rows if f'| {name} ' in row]
        assert float(row[-2]) == value
        assert name == '(all)' or float(row[3]) == with_them[f'coco/{name}_precision']
    assert f'| {thresholds.f1:.3f} |' in metric.threshold_table
    hub.update_info('score_thresholds', None)
    metric = CocoMetric(files, classwise=True, score_thresholds=False)
    assert results(metric, ground_truth, found) == pytest.approx(with_them, nan_ok=True)
    assert kept_thresholds() is None and metric.threshold_table == ''


def test_without_detections_there_is_no_threshold(files, ground_truth, jitter):
    results(CocoMetric(files), ground_truth, jitter(ground_truth, 2))
    assert kept_thresholds() is not None
    results(CocoMetric(files), ground_truth, [])
    assert kept_thresholds() is None


def test_only_the_files(files, ground_truth, jitter, tmp_path):
    found = jitter(ground_truth, 2)
    texts = []
    for kind in (MMDetCocoMetric, CocoMetric):
        prefix = str(tmp_path / kind.__module__)
        metric = kind(files, format_only=True, outfile_prefix=prefix)
        assert results(metric, ground_truth, found) == {}
        texts.append(Path(f'{prefix}.bbox.json').read_text())
    assert texts[0] == texts[1]
    assert len(json.loads(texts[1])) == len(found)


def test_the_backend_is_used_and_mmdet_left_as_it_was(files, ground_truth, jitter, monkeypatch):
    pytest.importorskip('faster_coco_eval')
    used = []
    monkeypatch.setattr(FastCOCOeval, 'accumulate', lambda self: used.append(1) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        results(CocoMetric(files), ground_truth, jitter(ground_truth, 2))
    assert used == [1] and mmdet_metric.COCOeval is COCOeval


def test_unknown_backend(files):
    with pytest.raises(UserError, match="backend='cocoapi'"):
        CocoMetric(files, backend='cocoapi')
