"""Which models are asked for class scores, and when predictions are made again."""
import os

import pytest
from mmengine.config import Config, ConfigDict

from fcos_mm.apis.reporting.inference import keep_class_scores, made_by
from fcos_mm.apis.reporting.split import Split

SCORED = 'fcos_mm.ScoredPostProcessor'


@pytest.mark.parametrize('head, kind', [
    (dict(type='FCOSHead'), SCORED),
    (dict(type='fcos_mm.FCOSHead', centerness=dict(position='reg')), SCORED),
    (dict(type='FCOSHead', centerness=dict(type='Centerness', source='none')), None),
    (dict(type='FCOSHead', centerness=dict(type='IoUQuality')), None),
    (dict(type='FCOSHead', postprocess=dict(type='Mine')), 'Mine'),
    (dict(type='mmdet.FCOSHead'), None)])
def test_class_scores_of_a_model_with_centerness(head, kind):
    model = ConfigDict(bbox_head=head)
    keep_class_scores(model)
    assert (model.bbox_head.get('postprocess') or {}).get('type') == kind


def test_the_options_of_the_post_processor_stay():
    model = ConfigDict(bbox_head=dict(type='FCOSHead', postprocess=dict(score='sqrt')))
    keep_class_scores(model)
    assert model.bbox_head.postprocess == dict(type=SCORED, score='sqrt')


def test_a_model_without_a_head_stays():
    model = ConfigDict(type='Mine')
    keep_class_scores(model)
    assert model == dict(type='Mine')


@pytest.fixture
def files(tmp_path):
    for name in ('a.pth', 'val.json'):
        (tmp_path / name).write_text(name)
    return tmp_path


def origin(files, **options):
    cfg = Config(dict(model=dict(type='FCOS', **options), val_dataloader=dict(dataset={})))
    return made_by(cfg, str(files / 'a.pth'), Split('val', str(files / 'val.json'), ()))


def test_the_order_of_settings_does_not_matter(files):
    assert origin(files, b=1, c=(2, 3)) == origin(files, c=(2, 3), b=1)


@pytest.mark.parametrize('name', ['a.pth', 'val.json'])
def test_a_changed_file_matters(name, files):
    before = origin(files)
    os.utime(files / name, (0, 0))
    assert origin(files) != before


def test_a_changed_setting_matters(files):
    assert origin(files, test_cfg=dict(score_thr=.1)) != origin(files, test_cfg=dict(score_thr=.2))
