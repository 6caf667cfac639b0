"""Which data a config uses, and what it lacks."""
import json

import pytest
from mmdet.datasets import CocoDataset
from mmengine.logging import MMLogger

from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_clean_data_passes_without_a_word(warnings_of, clean, mode):
    assert warnings_of(clean, mode) == []


def test_only_the_data_of_the_mode_is_checked(error_of, clean):
    clean.test_dataloader.dataset.ann_file = 'absent.json'
    check_config_data(clean, 'train')
    assert 'absent.json' in error_of(clean, 'test')
    clean.test_dataloader.dataset.ann_file = 'ann.json'
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    check_config_data(clean, 'test')


def test_val_dataloader_may_be_left_out(clean):
    clean.pop('val_dataloader')
    check_config_data(clean, 'train')


def test_missing_annotation_file_names_path_and_keys(error_of, clean, tmp_path):
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    message = error_of(clean)
    assert str(tmp_path / 'absent.json') in message
    assert 'train_dataloader.dataset.data_root' in message


def test_ann_file_not_set(error_of, clean):
    clean.train_dataloader.dataset.ann_file = ''
    assert 'train_dataloader.dataset.ann_file' in error_of(clean)


def test_data_prefix_without_img(error_of, clean):
    clean.train_dataloader.dataset.pop('data_prefix')
    assert "data_prefix=dict(img='FOLDER/')" in error_of(clean)


def test_validation_data_is_checked_too(error_of, clean):
    clean.val_dataloader.dataset.pop('metainfo')
    assert 'val_dataloader.dataset.metainfo' in error_of(clean)


@pytest.mark.parametrize('wrap, key', [
    (lambda data: dict(type='RepeatDataset', times=2, dataset=data),
     'train_dataloader.dataset.dataset'),
    (lambda data: dict(type='ClassBalancedDataset', oversample_thr=1e-3,
                       dataset=dict(type='mmdet.RepeatDataset', dataset=data)),
     'train_dataloader.dataset.dataset.dataset'),
    (lambda data: dict(type='ConcatDataset', datasets=[dict(
        data, ann_file='ann.json'), data]),
     'train_dataloader.dataset.datasets.1'),
])
def test_wrapped_datasets(error_of, clean, wrap, key):
    data = dict(clean.train_dataloader.dataset, ann_file='absent.json')
    clean.train_dataloader.dataset = wrap(data)
    assert f'{key}.ann_file' in error_of(clean)


@pytest.mark.parametrize('name', ['mmdet.CocoDataset', CocoDataset,
                                  'DeepFashionDataset'])
def test_names_of_coco_datasets(clean, name):
    dataset = dict(clean.train_dataloader.dataset, type=name,
                   ann_file='absent.json')
    with pytest.raises(UserError, match='absent.json'):
        check_config_data(dict(clean, train_dataloader=dict(dataset=dataset)),
                          'train')


@pytest.mark.parametrize('name', ['VOCDataset', 'LVISV1Dataset'])
def test_other_datasets_are_left_alone(clean, name):
    clean.train_dataloader.dataset = dict(type=name, ann_file='absent.json')
    check_config_data(clean, 'train')


def test_remote_data_is_left_alone(clean):
    clean.train_dataloader.dataset.data_root = 's3://bucket/data'
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    check_config_data(clean, 'train')


def test_absolute_paths_ignore_data_root(clean, tmp_path):
    dataset = clean.train_dataloader.dataset
    dataset.data_root = 'elsewhere'
    dataset.ann_file = str(tmp_path / 'ann.json')
    dataset.data_prefix.img = str(tmp_path / 'images')
    check_config_data(clean, 'train')


def test_evaluator_of_other_data(error_of, folder, clean, tmp_path):
    clean.val_evaluator.ann_file = str(tmp_path / 'absent.json')
    assert 'val_evaluator.ann_file' in error_of(clean)
    folder.data['images'].pop()
    (tmp_path / 'other.json').write_text(json.dumps(folder.data))
    clean.val_evaluator = [dict(type='CocoMetric',
                                ann_file=str(tmp_path / 'other.json'))]
    message = error_of(clean)
    assert 'val_evaluator.0.ann_file' in message and '1 of them' in message


def test_warning_reaches_the_log(folder, caplog):
    folder.data['annotations'][0]['bbox'] = [5, 5, 0, 5]
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        check_config_data(folder.write(), 'test')
    finally:
        logger.removeHandler(caplog.handler)
    assert 'have no area' in caplog.text
