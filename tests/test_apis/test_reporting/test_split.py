"""Which split a report is about, and what is annotated in each."""
import json

import pytest
from mmengine.config import Config

from fcos_mm.apis.reporting.split import choose_split, count_splits, set_test_split
from fcos_mm.errors import UserError


@pytest.fixture
def cfg(tiny_config):
    return Config.fromfile(tiny_config)


def test_val_where_test_is_the_same(cfg, tiny_data):
    split = choose_split(cfg)
    assert split == ('val', str(tiny_data / 'val.json'), ('cup', 'jar'))


def test_test_where_it_is_another(cfg, tiny_data):
    cfg.test_dataloader.dataset.ann_file = 'train.json'
    assert choose_split(cfg)[:2] == ('test', str(tiny_data / 'train.json'))
    assert choose_split(cfg, 'val').name == 'val'


@pytest.mark.parametrize('change', [
    lambda cfg: cfg.test_dataloader.dataset.update(ann_file='not_there.json'),
    lambda cfg: cfg.test_evaluator.update(format_only=True),
    lambda cfg: cfg.update(test_dataloader=None)])
def test_val_where_test_has_no_annotations(change, cfg):
    cfg.test_dataloader.dataset.ann_file = 'train.json'
    change(cfg)
    assert choose_split(cfg).name == 'val'


def test_no_split(cfg):
    cfg.val_dataloader = cfg.test_dataloader = None
    with pytest.raises(UserError, match='the test split has none'):
        choose_split(cfg)


def test_several_files_need_the_one_of_the_evaluator(cfg, tiny_data):
    one = cfg.val_dataloader.dataset
    cfg.val_dataloader.dataset = dict(type='ConcatDataset', datasets=[
        one, dict(one, ann_file='train.json')])
    assert choose_split(cfg, 'val').ann_file == str(tiny_data / 'val.json')
    cfg.val_evaluator.ann_file = None
    with pytest.raises(UserError, match='several annotation files'):
        choose_split(cfg, 'val')


def test_the_config_tests_on_the_split(cfg, tiny_data):
    cfg.test_dataloader, cfg.test_cfg = None, None
    set_test_split(cfg, choose_split(cfg))
    assert cfg.test_dataloader.dataset.ann_file == 'val.json'
    assert cfg.test_cfg == dict(type='TestLoop')


def test_boxes_are_counted(cfg, tiny_data):
    assert count_splits(cfg, ('cup', 'jar')) == dict(
        train=dict(images=4, boxes=8, classes=dict(cup=4, jar=4)),
        val=dict(images=2, boxes=4, classes=dict(cup=2, jar=2)))


def test_other_categories_do_not_count(cfg, tiny_data, tmp_path):
    data = json.loads((tiny_data / 'val.json').read_text())
    data['annotations'][0]['category_id'] = 99
    data['categories'].append(dict(id=99, name='lid'))
    (tmp_path / 'val.json').write_text(json.dumps(data))
    cfg.val_dataloader.dataset.update(ann_file=str(tmp_path / 'val.json'))
    assert count_splits(cfg, ('cup', 'jar'))['val'] == dict(
        images=2, boxes=3, classes=dict(cup=1, jar=2))
