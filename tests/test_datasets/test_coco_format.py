"""The one reader of files in COCO's format, and the index of what it reads."""
import copy
import json

import pytest

from fcos_mm.datasets.coco_api import COCO
from fcos_mm.datasets.coco_format import is_id, parent_category, read_coco, read_json
from fcos_mm.errors import UserError

DATA = dict(
    images=[dict(id=1, file_name='1.png', width=60, height=40)],
    categories=[dict(id=10, name='cup'), dict(id=30, name='jar'), dict(id=20, name='bowl')],
    annotations=[dict(id=n, image_id=1, category_id=key, bbox=[5, 6, 20, 10], area=200, iscrowd=0)
                 for n, key in ((7, 10), (9, 30))])


@pytest.fixture
def read(tmp_path):
    """``read(data, kind=read_coco)``: what is read of a file with this content."""

    def run(data, kind=read_coco, **options):
        path = tmp_path / 'ann.json'
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return kind(str(path), **options)

    return run


def test_a_common_file_stays_as_it_is(read):
    assert read(DATA) == DATA
    assert read(DATA, COCO).dataset == DATA


@pytest.mark.parametrize('data', [3, [], {}, dict(images=3), dict(annotations=[3, None]), dict(
    categories=[3, {}, dict(name=[], id=1), dict(name='cup', id=[])])])
def test_what_is_in_another_form_is_returned(read, data):
    assert read(data) == data


def test_floats_become_whole_numbers(read):
    data = copy.deepcopy(DATA)
    data['images'][0]['id'] = data['annotations'][0]['image_id'] = 1.0
    data['annotations'][1]['id'] = 2.5
    found = read(data)
    assert type(found['images'][0]['id']) is type(found['annotations'][0]['image_id']) is int
    assert found['annotations'][1]['id'] == 2.5


@pytest.mark.parametrize('value, answer', [
    (0, True), (-3, True), (2**63, False), (1.0, True), (1.5, False), (2.0**60, False),
    (float('nan'), False), ('a', True), (True, False), (None, False), ([], False)])
def test_ids(value, answer):
    assert is_id(value) is answer


@pytest.mark.parametrize('ids, expected', [
    ([1, 2], [1, 2]), ([9, 4], [9, 4]), ([0, 1], [1, 2]), ([-1, 5], [1, 2]), (['a', 'b'], [1, 2]),
    ([3, 3], [1, 2])])
def test_annotations_are_numbered_where_needed(read, ids, expected):
    data = copy.deepcopy(DATA)
    for box, key in zip(data['annotations'], ids):
        box['id'] = key
    coco = read(data, COCO)
    assert list(coco.anns) == expected == coco.getAnnIds(imgIds=[1])
    assert [box['category_id'] for box in coco.loadAnns(expected)] == [10, 30]


def test_categories_in_the_order_of_the_names(read, capsys):
    coco = read(DATA, COCO)
    assert coco.get_cat_ids(cat_names=('jar', 'none', 'cup')) == [30, 10]
    assert coco.getCatIds() == [10, 30, 20] and coco.getCatIds(catNms='jar') == [30]
    assert coco.getCatIds(catNms=['cup', 'jar'], catIds=[30]) == [30]
    assert capsys.readouterr().out == ''


#: Names, supercategories and whether they have boxes; the places of those that stay.
REPEATED = {
    'the parent comes first': ([('cup', 'none', False), ('cup', 'cup', True)], [1]),
    'or last': ([('cup', 'cup', True), ('cup', 'none', False)], [0]),
    'neither has boxes': ([('cup', 'none', False), ('cup', 'cup', False)], [1]),
    'neither has boxes or a parent': ([('cup', None, False), ('cup', None, False)], [0]),
    'both have boxes': ([('cup', None, True), ('cup', None, True)], [0, 1]),
    'three': ([('cup', None, False), ('cup', None, True), ('cup', None, False)], [1]),
}


@pytest.mark.parametrize('case', REPEATED)
def test_repeated_categories(read, case):
    entries, stay = REPEATED[case]
    data, said = copy.deepcopy(DATA), []
    data['categories'] = [dict(id=n, name=name, supercategory=parent)
                          for n, (name, parent, _) in enumerate(entries)]
    data['annotations'] = [dict(DATA['annotations'][0], category_id=n)
                           for n, entry in enumerate(entries) if entry[2]]
    assert [entry['id'] for entry in read(data, note=said.append)['categories']] == stay
    assert len(said) == len(entries) - len(stay)


@pytest.mark.parametrize('parents, used, expected', [
    (['none', 'a', 'a'], [1, 2], 'a'), (['none', 'a', 'a'], [0, 1], None),
    (['none', 'a', 'b'], [1], None), (['a'], [], None), (['b', 'none', 'b'], [0], 'b')])
def test_the_parent_of_all(parents, used, expected):
    data = dict(categories=[dict(id=n, name='abc'[n], supercategory=parent)
                            for n, parent in enumerate(parents)],
                annotations=[dict(category_id=n) for n in used])
    found = parent_category(data)
    assert (found and found['name']) == expected


@pytest.mark.parametrize('content, words', [
    (b'', 'is not JSON'), (b'{"a": ', 'is not JSON'), (b'\x89PNG\r\n\x1a\n', 'is not JSON'),
    (b'\xff\xfe{\0}\0x\0', 'is not UTF-8 but UTF-16'), (b'\0' * 40, 'is not JSON'),
    (b'{"caf\xe9": 1}', 'is not UTF-8 but probably WINDOWS-1252'), (b'[' * 100000, 'is not JSON')])
def test_files_that_are_not_json_in_utf8(read, content, words):
    with pytest.raises(UserError) as error:
        read(content, read_json, what='File', remedy='Mend it.')
    assert str(error.value).startswith(f'File {words}') and 'ann.json' in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match='Annotation file not found: .*none.json'):
        read_coco(str(tmp_path / 'none.json'))
