"""The class-agnostic metric as a config has it, through ``tools/test.py``."""
import json

import pytest
import torch
from mmengine.fileio import dump
from mmengine.registry import METRICS as ROOT
from mmengine.registry import DefaultScope

from fcos_mm.errors import UserError
from fcos_mm.evaluation import ClassAgnosticCocoMetric, class_agnostic_numbers


def test_beside_the_coco_metric(test_tool, tiny_data, tmp_path):
    prefix = tmp_path / 'out' / 'tiny'
    figures = test_tool(
        'val_evaluator = [_base_.val_evaluator, dict(type="ClassAgnosticCocoMetric", '
        f'ann_file="{tiny_data}/val.json", metric="bbox", outfile_prefix="{prefix}")]\n'
        'test_evaluator = val_evaluator')
    assert 0 <= figures['coco/bbox_mAP'] <= 1
    expected = class_agnostic_numbers(f'{tiny_data}/val.json', f'{prefix}.bbox.json')
    assert {name: value for name, value in figures.items() if 'agnostic' in name} == {
        'class_agnostic/bbox_mAP': round(expected.AP, 3),
        'class_agnostic/bbox_mAP_50': round(expected.AP50, 3),
        'class_agnostic/bbox_mAP_75': round(expected.AP75, 3),
        'class_agnostic/bbox_mAP_90': round(expected.AP90, 3)}
    written = json.loads((tmp_path / 'out' / 'tiny.class_agnostic.json').read_text())
    assert written == expected.to_dict()
    assert len(json.loads((tmp_path / 'out' / 'tiny.bbox.json').read_text())) == 2 * 5


def one_image(boxes, labels):
    """What a model hands over that finds these boxes in an image with a cup and a jar."""
    truth = [dict(bbox=[0, 0, 10, 10], bbox_label=0, ignore_flag=0),
             dict(bbox=[50, 50, 60, 60], bbox_label=1, ignore_flag=0)]
    found = dict(bboxes=torch.tensor(boxes).reshape(-1, 4), labels=torch.tensor(labels).long(),
                 scores=torch.linspace(0.9, 0.5, len(labels)))
    return dict(img_id=3, ori_shape=(100, 100), pred_instances=found, instances=truth)


def evaluated(metric, *sample):
    metric.dataset_meta = dict(classes=('cup', 'jar'))
    metric.process({}, [one_image(*sample)])
    return metric.evaluate(size=1)


def test_categories_do_not_matter():
    """The jar is called a cup, the cup is missed: precision 1 up to recall 1/2."""
    figures = evaluated(ClassAgnosticCocoMetric(), [[50., 50, 60, 58]], [0])  # IoU 0.8
    assert figures == {'class_agnostic/bbox_mAP': round(7 / 10 * 51 / 101, 3),
                       'class_agnostic/bbox_mAP_50': round(51 / 101, 3),
                       'class_agnostic/bbox_mAP_75': round(51 / 101, 3),
                       'class_agnostic/bbox_mAP_90': 0}


def test_no_detection_at_all():
    assert set(evaluated(ClassAgnosticCocoMetric(), [], []).values()) == {0}


def test_only_the_file(tmp_path):
    prefix = tmp_path / 'some'
    metric = ClassAgnosticCocoMetric(format_only=True, outfile_prefix=str(prefix))
    assert evaluated(metric, [[50., 50, 60, 58]], [0]) == {}
    row, = json.loads((tmp_path / 'some.bbox.json').read_text())
    assert row['bbox'] == [50, 50, 10, 8]
    assert not (tmp_path / 'some.class_agnostic.json').exists()


def test_plain_name_in_our_scope(tmp_path):
    path = str(tmp_path / 'ann.json')
    dump(dict(images=[], annotations=[], categories=[]), path)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        metric = ROOT.build(dict(type='ClassAgnosticCocoMetric', ann_file=path))
    assert type(metric) is ClassAgnosticCocoMetric


def test_wrong_options():
    with pytest.raises(UserError, match="metric='proposal'.\nIt must be 'bbox'"):
        ClassAgnosticCocoMetric(metric='proposal')
    with pytest.raises(UserError, match='no outfile_prefix'):
        ClassAgnosticCocoMetric(format_only=True)
    with pytest.raises(UserError, match="backend='x'"):
        ClassAgnosticCocoMetric(backend='x')
