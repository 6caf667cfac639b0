"""Classes of config, model and annotation file agree."""
import pytest

from fcos_mm.datasets import checks
from fcos_mm.datasets.checks import check_config_data


def test_classes_and_categories_disagree(error_of, clean):
    clean.train_dataloader.dataset.metainfo.classes = ('cup', 'bowl')
    message = error_of(clean)
    assert "missing from the data: 'bowl'" in message
    assert "missing from the classes: 'jar'" in message
    assert 'train_dataloader.dataset.metainfo' in message


def test_classes_not_set_are_those_of_coco(error_of, clean):
    clean.train_dataloader.dataset.pop('metainfo')
    message = error_of(clean)
    assert "metainfo.classes (not set in the config" in message
    assert "missing from the classes: 'jar'" in message  # 'cup' is a COCO class


def test_one_class_without_a_comma(error_of, clean):
    clean.train_dataloader.dataset.metainfo.classes = ('cup')
    assert "metainfo.classes is 'cup', not a list" in error_of(clean)


def test_order_of_the_classes_counts(error_of, clean):
    """mmdet's dataset would call every cup a jar; ours goes by the names."""
    clean.default_scope = 'fcos_mm'
    for loader in (clean.train_dataloader, clean.val_dataloader):
        loader.dataset.metainfo.classes = ('jar', 'cup')
    check_config_data(clean, 'train')
    clean.train_dataloader.dataset.type = 'mmdet.CocoDataset'
    clean.train_dataloader.dataset.metainfo.classes = ('jar', 'cup')
    message = error_of(clean)
    assert 'a different order' in message and "('cup', 'jar')" in message


def test_left_out_category_is_a_warning_with_its_count(warnings_of, clean):
    for loader in (clean.train_dataloader, clean.val_dataloader):
        loader.dataset.metainfo.classes = ('jar', )
    clean.model.bbox_head.num_classes = 1
    train, _ = warnings_of(clean, 'train')
    assert "2 of 4 boxes are ignored" in train and "{'cup': 2}" in train


@pytest.mark.parametrize('key, model', [
    ('model.bbox_head', dict(bbox_head=dict(num_classes=80))),
    ('model.roi_head.bbox_head',
     dict(roi_head=dict(bbox_head=dict(num_classes=80)))),
    ('model.roi_head.bbox_head.1',
     dict(roi_head=dict(bbox_head=[dict(num_classes=2),
                                   dict(num_classes=80)]))),
])
def test_num_classes_and_data_disagree(error_of, clean, key, model):
    clean.model = model
    message = error_of(clean)
    assert f'{key}.num_classes is 80' in message
    assert f'Set {key}.num_classes=2' in message


def test_region_proposal_detector_has_no_num_classes(clean):
    clean.model = dict(type='RPN', rpn_head=dict(type='FCOSHead'))
    check_config_data(clean, 'train')


def test_classes_of_a_clean_config_equal_the_categories(clean):
    source, = checks.coco_sources(clean, 'train_dataloader')
    assert source.classes == ('cup', 'jar') and source.classes_given
