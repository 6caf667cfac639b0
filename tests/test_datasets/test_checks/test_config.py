"""Which data a config uses, which faults come together, and who checks."""
import json

import pytest
from mmdet.datasets import CocoDataset
from mmengine.logging import MMLogger

from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults, SeveralFaults


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_clean_data_passes_silently(warnings_of, clean, mode):
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
    assert 'val_evaluator.0.ann_file' in message and '1 of its images' in message


def test_warning_reaches_the_log(folder, caplog):
    folder.data['annotations'][0]['bbox'] = [5, 5, 0, 5]
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        check_config_data(folder.write(), 'test')
    finally:
        logger.removeHandler(caplog.handler)
    assert 'have no area' in caplog.text


@pytest.mark.parametrize('name', ['LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK'])
def test_one_process_of_a_machine_checks(folder, monkeypatch, name):
    cfg = folder.write()
    (folder.root / 'ann.json').write_text('[]')
    monkeypatch.setenv(name, '1')
    check_config_data(cfg, 'train')
    monkeypatch.setenv(name, '0')
    with pytest.raises(UserError, match="not in COCO format"):
        check_config_data(cfg, 'train')


def test_faults_of_a_dataset_come_together(error_of, folder):
    first, second = folder.data['annotations'][:2]
    first['bbox'][0] = float('nan')
    second['bbox'][2] = 1e12
    cfg = folder.write()
    (folder.root / 'images' / '2.png').unlink()
    cfg.train_dataloader.dataset.metainfo.classes = ('cup', 'jug')
    cfg.pop('val_dataloader')
    message = error_of(cfg)
    assert message.startswith('the data has 3 faults.')
    assert message.index('(1) ') < message.index('bbox of 2 of 4 annotations is not four')
    assert message.index('(2) ') < message.index("missing from the data: 'jug'")
    assert message.index('(3) ') < message.index('1 of 2 images are missing')


def test_wrong_references_come_together(error_of, folder):
    first, second, *_ = folder.data['annotations']
    first['image_id'], second['category_id'] = 99, 88
    message = error_of(folder.write())
    assert message.startswith('the data has 2 faults.'), 'once, though validation reads it too'
    assert all(word in message for word in ('image_id 99', 'category_id 88'))


def test_entries_of_all_lists_come_together(error_of, folder):
    del folder.data['annotations'][1]['area']
    folder.data['categories'][1]['id'] = 10
    message = error_of(folder.write())
    assert message.startswith('the data has 2 faults.')
    assert "lack area" in message and "the id 10 is used twice in 'categories'" in message


def test_training_and_validation_come_together(error_of, clean):
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    clean.val_dataloader.dataset.data_prefix.img = 'nowhere/'
    message = error_of(clean)
    assert 'absent.json' in message and 'val_dataloader.dataset.data_prefix.img' in message


def test_classes_that_are_wrong_do_not_also_leave_no_image(error_of, clean):
    """Without classes no box is of use: a consequence, not a second fault."""
    clean.train_dataloader.dataset.metainfo.classes = ('dog', 'cat')
    message = error_of(clean)
    assert 'do not match' in message and 'faults' not in message


def test_a_single_fault_stands_alone():
    faults = Faults()
    with faults.gather():
        raise UserError('one')
    with pytest.raises(SeveralFaults) as caught:
        faults.raise_all()
    assert str(caught.value) == 'one'


def test_gathered_faults_stay_flat_and_are_told_once():
    faults = Faults()
    for _ in range(2):
        with faults.gather():
            raise SeveralFaults('the data', ['one', 'two'])
    with pytest.raises(SeveralFaults, match=r'(?s)2 faults.*\(1\) one.*\(2\) two'):
        faults.raise_all()


def test_nothing_gathered_is_no_fault():
    faults = Faults()
    with faults.gather():
        pass
    faults.raise_all()


def test_other_errors_are_not_gathered():
    with pytest.raises(KeyError), Faults().gather():
        raise KeyError('a mistake of the program')
