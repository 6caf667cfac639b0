"""Files that pycocotools would fall over are told by name."""
import copy
import json

import pytest

from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_entries import malformed_detection
from fcos_mm.evaluation.coco_files import read_results, read_truth
from fcos_mm.evaluation.table_metrics import coco_numbers

TRUTH = dict(images=[dict(id=1), dict(id=2)], categories=[dict(id=10, name='cup')], annotations=[
    dict(id=1, image_id=1, category_id=10, bbox=[0, 0, 10, 10], area=100, iscrowd=0)])
ROW = dict(image_id=1, category_id=10, bbox=[0, 0, 10, 10], score=0.5)
NAN = float('nan')


@pytest.fixture
def files(tmp_path):
    """``files(truth, rows)`` writes both and returns their paths."""
    def write(truth=TRUTH, rows=(ROW, )):
        (tmp_path / 'ann.json').write_text(json.dumps(truth))
        (tmp_path / 'found.bbox.json').write_text(json.dumps(rows))
        return str(tmp_path / 'ann.json'), str(tmp_path / 'found.bbox.json')
    return write


def test_what_is_right(files):
    assert coco_numbers(*files())['AP'] == pytest.approx(1)


@pytest.mark.parametrize('key, value, words', [
    ('image_id', [1], 'image_id is [1], not a whole number'),
    ('image_id', None, 'image_id is None'), ('category_id', True, 'category_id is True'),
    ('bbox', [1, 2, 3], 'bbox is [1, 2, 3], not [x, y, width, height]'),
    ('bbox', None, 'bbox is None'), ('bbox', [1, 2, 3, None], 'None is not a finite number'),
    ('bbox', [1, 2, 10**400, 4], '... is not a finite number'), ('score', True, 'True is not'),
    ('bbox', [1, 2, NAN, 4], 'nan is not'), ('score', 'high', "'high' is not a finite number"),
    ('score', float('inf'), 'inf is not'), ('score', NAN, 'nan is not')])
def test_a_detection_of_another_form(files, key, value, words):
    truth, results = files(rows=[ROW, {**ROW, key: value}])
    with pytest.raises(UserError) as error:
        read_results(results, read_truth(truth))
    assert str(error.value).startswith(f'{results}: ') and words in str(error.value)


def test_whole_numbers_only_where_asked_for():
    row = dict(ROW, image_id='a')
    assert malformed_detection(row) is None
    assert malformed_detection(row, (int, )) == "image_id is 'a', not a whole number"
    assert malformed_detection(3) == 'not a dict but a int'
    assert malformed_detection(dict(bbox=1)) == 'without image_id'


@pytest.mark.parametrize('name, key, value, words', [
    ('images', None, 3, "'images' is no list"),
    ('images', 0, 3, "entry 0 of 'images': not a dict but a int"),
    ('images', 'id', [1], "entry 0 of 'images': id is [1]"),
    ('images', 'id', 'a', "the ids of 'images' are numbers and text"),
    ('categories', 'id', None, "entry 0 of 'categories': id is None"),
    ('annotations', None, {}, "'annotations' is no list"),
    ('annotations', 'image_id', {}, "entry 0 of 'annotations': image_id is {}"),
    ('annotations', 'bbox', 3, 'bbox is 3'), ('annotations', 'bbox', [0, 0, 1, NAN], 'nan is not'),
    ('annotations', 'area', None, 'None is not a finite number'),
    ('annotations', 'iscrowd', None, 'iscrowd is None, not 0 or 1'),
    ('annotations', 'iscrowd', -2**63, 'iscrowd is -9223372036854775808')])
def test_annotations_of_another_form(files, name, key, value, words):
    wrong = copy.deepcopy(TRUTH)
    if key is None:
        wrong[name] = value
    elif key == 0:
        wrong[name][0] = value
    else:
        wrong[name][0][key] = value
    path, _ = files(wrong)
    with pytest.raises(UserError) as error:
        read_truth(path)
    assert str(error.value).startswith(f"{path} is not in COCO's format: ")
    assert words in str(error.value)


def test_json_that_is_nested_without_end(tmp_path):
    (tmp_path / 'ann.json').write_text('[' * 100000)
    with pytest.raises(UserError, match='is not JSON: .*ann.json'):
        read_truth(str(tmp_path / 'ann.json'))
