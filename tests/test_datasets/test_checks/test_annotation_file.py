"""An annotation file that is not COCO's format: each fault is named."""
import json

import pytest

from fcos_mm.datasets.checks import check_config_data

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('text, expected', [
    ('{"images": [', 'is not JSON'),
    ('\x89PNG', 'is not JSON'),
    ('[' * 100000, 'is not JSON'),
    ('[1, 2]', "has no list 'images' (found: list)"),
    ('{"images": [], "categories": []}', "has no list 'annotations'"),
    ('{"images": {}, "categories": [], "annotations": []}',
     "has no list 'images'"),
])
def test_file_that_is_not_coco(error_of, clean, tmp_path, text, expected):
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
def test_fault_in_the_annotation_file(error_of, folder, fault):
    change, expected = FAULTS[fault]
    change(folder.data)
    message = error_of(folder.write(), 'test')
    for part in [*expected, str(folder.root / 'ann.json')]:
        assert part in message


@pytest.mark.parametrize('name', [3, '', None, ['1.png']])
def test_file_name_that_is_none(error_of, folder, name):
    cfg = folder.write()
    folder.data['images'][0]['file_name'] = name
    (folder.root / 'ann.json').write_text(json.dumps(folder.data))
    assert f'ann.json: image 1 has the file_name {name!r}' in error_of(cfg, 'test')


def test_training_does_not_need_iscrowd(folder):
    _drop('annotations', 1, 'iscrowd')(folder.data)
    cfg = folder.write()
    cfg.pop('val_dataloader')
    check_config_data(cfg, 'train')
