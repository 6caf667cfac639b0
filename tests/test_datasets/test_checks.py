"""Every fault in the data gives an error that names it and the remedy."""
import json

import pytest
from mmdet.datasets import CocoDataset
from mmengine.logging import MMLogger

from fcos_mm.datasets import checks
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError

NAN, INF = float('nan'), float('inf')


def error_of(cfg, mode='train') -> str:
    with pytest.raises(UserError) as caught:
        check_config_data(cfg, mode)
    return str(caught.value)


def warnings_of(cfg, mode='train', monkeypatch=None) -> list:
    messages = []
    monkeypatch.setattr(checks.config, '_warn', messages.append)
    check_config_data(cfg, mode)
    return messages


@pytest.fixture
def clean(folder):
    return folder.write()


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_clean_data_passes_without_a_word(clean, mode, monkeypatch):
    assert warnings_of(clean, mode, monkeypatch) == []


def test_only_the_data_of_the_mode_is_checked(clean):
    clean.test_dataloader.dataset.ann_file = 'absent.json'
    check_config_data(clean, 'train')
    assert 'absent.json' in error_of(clean, 'test')
    clean.test_dataloader.dataset.ann_file = 'ann.json'
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    check_config_data(clean, 'test')


def test_val_dataloader_may_be_left_out(clean):
    clean.pop('val_dataloader')
    check_config_data(clean, 'train')


def test_missing_annotation_file_names_path_and_keys(clean, tmp_path):
    clean.train_dataloader.dataset.ann_file = 'absent.json'
    message = error_of(clean)
    assert str(tmp_path / 'absent.json') in message
    assert 'train_dataloader.dataset.data_root' in message


def test_ann_file_not_set(clean):
    clean.train_dataloader.dataset.ann_file = ''
    assert 'train_dataloader.dataset.ann_file' in error_of(clean)


def test_data_prefix_without_img(clean):
    clean.train_dataloader.dataset.pop('data_prefix')
    assert "data_prefix=dict(img='FOLDER/')" in error_of(clean)


@pytest.mark.parametrize('text, expected', [
    ('{"images": [', 'is not JSON'),
    ('\x89PNG', 'is not JSON'),
    ('[' * 100000, 'is not JSON'),
    ('[1, 2]', "has no list 'images' (found: list)"),
    ('{"images": [], "categories": []}', "has no list 'annotations'"),
    ('{"images": {}, "categories": [], "annotations": []}',
     "has no list 'images'"),
])
def test_file_that_is_not_coco(clean, tmp_path, text, expected):
    (tmp_path / 'ann.json').write_bytes(text.encode('latin-1'))
    message = error_of(clean)
    assert expected in message and str(tmp_path / 'ann.json') in message
    assert 'tools/dataset_converters' in message


def test_test_data_may_lack_annotations(folder):
    del folder.data['annotations']
    check_config_data(folder.write(), 'test')


def _change(key, index, field, value):
    def apply(data):
        data[key][index][field] = value
    return apply


def _drop(key, index, field):
    def apply(data):
        del data[key][index][field]
    return apply


FAULTS = {
    'NaN in a box': (_change('annotations', 2, 'bbox', [NAN, 0, 5, 5]),
                     ['1 of 4 boxes contain NaN', '2.png: annotation 3',
                      'Correct or delete']),
    'infinite width': (_change('annotations', 2, 'bbox', [0, 0, INF, 5]),
                       ['contain NaN or Infinity', '2.png: annotation 3']),
    'NaN area': (_change('annotations', 0, 'area', NAN),
                 ['contain NaN or Infinity', '1.png: annotation 1']),
    'three numbers': (_change('annotations', 1, 'bbox', [1, 2, 3]),
                      ['annotation 2 (1.png) has bbox [1, 2, 3]',
                       'four numbers']),
    'text in a box': (_change('annotations', 1, 'bbox', ['1', '2', '3', '4']),
                      ['annotation 2 (1.png)', 'four numbers']),
    'null in a box': (_change('annotations', 1, 'bbox', [1, 2, None, 4]),
                      ['annotation 2 (1.png)', 'four numbers']),
    'no box': (_drop('annotations', 1, 'bbox'), ["lacks ['bbox']"]),
    'no area': (_drop('annotations', 1, 'area'),
                ["lacks ['area']", 'area is width * height']),
    'no iscrowd': (_drop('annotations', 1, 'iscrowd'),
                   ["lacks ['iscrowd']", 'iscrowd is 0']),
    'iscrowd is text': (_change('annotations', 1, 'iscrowd', 'no'),
                        ["1 of 4 annotations have an iscrowd that is not 0 or 1",
                         "annotation 2 (1.png) has 'no'"]),
    'iscrowd is null': (_change('annotations', 2, 'iscrowd', None),
                        ['annotation 3 (2.png) has None']),
    'no width': (_drop('images', 1, 'width'), ["lacks ['width']"]),
    'width 0': (_change('images', 1, 'width', 0), ['2.png has width 0']),
    'category id unknown': (_change('annotations', 0, 'category_id', 7),
                            ['annotation 1 (1.png) has category_id 7',
                             '1 of 4 annotations']),
    'image id unknown': (_change('annotations', 0, 'image_id', 7),
                         ['annotation 1 (no image) has image_id 7']),
    'annotation id twice': (_change('annotations', 1, 'id', 1),
                            ["id 1 is used twice in 'annotations'"]),
    'image id twice': (_change('images', 1, 'id', 1),
                       ["id 1 is used twice in 'images'"]),
    'box as large as no picture': (_change('annotations', 2, 'bbox', [0, 0, 1e308, 5]),
                                   ['1 of 4 boxes have numbers beyond 1e+09',
                                    '2.png: annotation 3']),
    'number that fits no integer': (_change('annotations', 0, 'bbox', [10**30, 0, 5, 5]),
                                    ['have numbers beyond', '1.png: annotation 1']),
    'image id is a list': (_change('images', 0, 'id', [1]),
                           ["entry 0 of 'images' has the id [1]", 'whole number']),
    'annotation id is null': (_change('annotations', 1, 'id', None),
                              ["entry 1 of 'annotations' has the id None"]),
    'annotation id is true': (_change('annotations', 1, 'id', True), ['has the id True']),
    'id beyond 64 bits': (_change('annotations', 1, 'id', 10**30), ['has the id 1000']),
    'id is no whole number': (_change('images', 1, 'id', 1.5), ['has the id 1.5']),
    'image id of a box is a list': (_change('annotations', 0, 'image_id', [1]),
                                    ['annotation 1 (no image) has image_id [1]']),
    'category id of a box is a list': (_change('annotations', 0, 'category_id', [10]),
                                       ['annotation 1 (1.png) has category_id [10]']),
    'category without id': (_drop('categories', 0, 'id'),
                            ["entry 0 of 'categories'", "lacks ['id']"]),
    'category id is a list': (_change('categories', 0, 'id', [10]),
                              ["entry 0 of 'categories' has the id [10]"]),
    'category name is a number': (_change('categories', 0, 'name', 3),
                                  ["entry 0 of 'categories'", 'an id and a name']),
    'category without name': (_drop('categories', 0, 'name'),
                              ["entry 0 of 'categories'"]),
    'category name twice': (_change('categories', 1, 'name', 'cup'),
                            ["name ['cup'] more than once"]),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_fault_in_the_annotation_file(folder, fault):
    change, expected = FAULTS[fault]
    change(folder.data)
    message = error_of(folder.write(), 'test')
    for part in [*expected, str(folder.root / 'ann.json')]:
        assert part in message


@pytest.mark.parametrize('name', [3, '', None, ['1.png']])
def test_file_name_that_is_none(folder, name):
    cfg = folder.write()
    folder.data['images'][0]['file_name'] = name
    (folder.root / 'ann.json').write_text(json.dumps(folder.data))
    assert f'ann.json: image 1 has the file_name {name!r}' in error_of(cfg, 'test')


def test_training_does_not_need_iscrowd(folder):
    _drop('annotations', 1, 'iscrowd')(folder.data)
    cfg = folder.write()
    cfg.pop('val_dataloader')
    check_config_data(cfg, 'train')


def test_classes_and_categories_disagree(clean):
    clean.train_dataloader.dataset.metainfo.classes = ('cup', 'bowl')
    message = error_of(clean)
    assert "missing from the data: 'bowl'" in message
    assert "unknown to the classes: 'jar'" in message
    assert 'train_dataloader.dataset.metainfo' in message


def test_classes_not_set_are_those_of_coco(clean):
    clean.train_dataloader.dataset.pop('metainfo')
    message = error_of(clean)
    assert "metainfo.classes (not set in the config" in message
    assert "unknown to the classes: 'jar'" in message  # 'cup' is a COCO class


def test_validation_data_is_checked_too(clean):
    clean.val_dataloader.dataset.pop('metainfo')
    assert 'val_dataloader.dataset.metainfo' in error_of(clean)


def test_one_class_without_a_comma(clean):
    clean.train_dataloader.dataset.metainfo.classes = ('cup')
    assert "metainfo.classes is 'cup', not a list" in error_of(clean)


def test_order_of_the_classes_counts(clean):
    """mmdet would call every cup a jar."""
    clean.train_dataloader.dataset.metainfo.classes = ('jar', 'cup')
    message = error_of(clean)
    assert 'another order' in message and "('cup', 'jar')" in message


def test_left_out_category_is_a_warning_with_its_count(clean, monkeypatch):
    for loader in (clean.train_dataloader, clean.val_dataloader):
        loader.dataset.metainfo.classes = ('jar', )
    clean.model.bbox_head.num_classes = 1
    train, _ = warnings_of(clean, 'train', monkeypatch)
    assert "2 of 4 boxes are left out" in train and "{'cup': 2}" in train


@pytest.mark.parametrize('key, model', [
    ('model.bbox_head', dict(bbox_head=dict(num_classes=80))),
    ('model.roi_head.bbox_head',
     dict(roi_head=dict(bbox_head=dict(num_classes=80)))),
    ('model.roi_head.bbox_head.1',
     dict(roi_head=dict(bbox_head=[dict(num_classes=2),
                                   dict(num_classes=80)]))),
])
def test_num_classes_and_data_disagree(clean, key, model):
    clean.model = model
    message = error_of(clean)
    assert f'{key}.num_classes is 80' in message
    assert f'Set {key}.num_classes=2' in message


def test_region_proposal_detector_has_no_num_classes(clean):
    clean.model = dict(type='RPN', rpn_head=dict(type='FCOSHead'))
    check_config_data(clean, 'train')


def test_no_image_left_after_filtering(clean):
    clean.train_dataloader.dataset.filter_cfg.min_size = 41
    message = error_of(clean)
    assert 'no image is left' in message
    assert '2 are smaller than min_size=41' in message
    assert 'train_dataloader.dataset.filter_cfg' in message


def test_filter_is_not_used_in_test_mode(clean):
    clean.test_dataloader.dataset.filter_cfg.min_size = 41
    check_config_data(clean, 'test')


def test_all_images_without_boxes(folder):
    folder.data['annotations'] = []
    assert '2 have no box of the classes' in error_of(folder.write())


def test_no_images(folder):
    folder.data.update(images=[], annotations=[])
    assert "'images' is empty" in error_of(folder.write(), 'test')


@pytest.mark.parametrize('field, value', [
    ('iscrowd', 1), ('ignore', 1), ('bbox', [70, 50, 5, 5])])
def test_only_boxes_that_cannot_be_learned(folder, field, value):
    for box in folder.data['annotations']:
        box[field] = value
    assert 'no box to learn from' in error_of(folder.write())


def test_missing_image_folder(clean, tmp_path):
    clean.train_dataloader.dataset.data_prefix.img = 'pictures'
    message = error_of(clean)
    assert f"Image folder not found: {tmp_path / 'pictures'}" in message
    assert 'train_dataloader.dataset.data_prefix.img' in message


def test_missing_image_file(clean, tmp_path):
    (tmp_path / 'images' / '2.png').unlink()
    message = error_of(clean)
    assert '1 of 2 images are not there' in message
    assert str(tmp_path / 'images' / '2.png') in message


def test_images_in_subfolders(folder):
    (folder.root / 'images' / 'a').mkdir(parents=True)
    folder.data['images'][0]['file_name'] = 'a/1.png'
    cfg = folder.write()
    check_config_data(cfg, 'train')
    (folder.root / 'images' / 'a' / '1.png').unlink()
    assert 'a/1.png' in error_of(cfg)


def test_an_image_that_is_listed_twice_draws_a_warning(folder, monkeypatch):
    folder.data['images'] += [dict(id=3, file_name='1.png', width=60, height=40),
                              dict(id=4, file_name='./1.png', width=60, height=40)]
    message, = warnings_of(folder.write(), 'test', monkeypatch)
    assert '2 of 4 images have the file of an earlier one' in message
    assert 'image 3 and image 1: 1.png' in message and 'image 4 and image 1' in message


def test_repairable_boxes_are_counted_and_mmdet_skips_them(
        folder, monkeypatch):
    annotations = folder.data['annotations']
    for box in ([5, 5, 0, 5], [5, 5, 5, -1], [5, 5, .5, 9], [60, 0, 5, 5],
                [-9, 0, 9, 5], [-9, 0, 10, 5]):
        annotations.append(dict(
            id=len(annotations) + 1, image_id=2, category_id=10, bbox=box,
            iscrowd=0, area=abs(box[2] * box[3])))
    cfg = folder.write()
    cfg.pop('val_dataloader')
    area, outside, thin = warnings_of(cfg, 'train', monkeypatch)
    assert '2 of 10 boxes have no area' in area
    assert '2.png: annotation 5, bbox [5, 5, 0, 5]' in area
    assert '2 of 10 boxes lie outside' in outside
    assert '1 of 10 boxes have a side below 1 pixel' in thin
    assert 'The dataset skips them' in area

    dataset = dict(cfg.train_dataloader.dataset)
    dataset.pop('type')
    samples = CocoDataset(**dataset)
    kept = [box['bbox'] for box in samples.get_data_info(1)['instances']]
    assert kept == [[50, 30, 58, 39], [1.5, 2.5, 4.5, 6.5], [-9, 0, 1, 5]]


def test_bad_boxes_of_test_data_stay_in_the_evaluation(folder, monkeypatch):
    folder.data['annotations'][0]['bbox'] = [5, 5, 0, 5]
    folder.data['annotations'][1]['bbox'] = [5, 5, .5, 5]
    messages = warnings_of(folder.write(), 'test', monkeypatch)
    assert len(messages) == 1
    assert '1 of 4 boxes have no area' in messages[0]
    assert 'stay in the evaluation' in messages[0]


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
def test_wrapped_datasets(clean, wrap, key):
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


def test_evaluator_of_other_data(folder, clean, tmp_path):
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


def test_classes_of_a_clean_config_equal_the_categories(clean):
    source, = checks.coco_sources(clean, 'train_dataloader')
    assert source.classes == ('cup', 'jar') and source.classes_given
