"""COCO files are read in one place: what is put right, and what is wrong everywhere alike."""
import copy
import json

import pytest

from fcos_mm.analysis.annotations import read_boxes
from fcos_mm.datasets import CocoDataset
from fcos_mm.datasets.checks import check_config_data, read_checked
from fcos_mm.datasets.coco_api import COCO
from fcos_mm.datasets.coco_format import entry_fault, is_id, parent_category, read_coco
from fcos_mm.errors import UserError
from fcos_mm.evaluation import CocoMetric, coco_numbers
from fcos_mm.evaluation.coco_files import read_results, read_truth

NAN, INF = float('nan'), float('inf')
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


# ---- what is put right

def test_a_common_file_stays_as_it_is(read):
    assert read(DATA) == DATA
    assert read(DATA, COCO).dataset == DATA


def test_floats_become_whole_numbers(read):
    data = copy.deepcopy(DATA)
    data['images'][0]['id'] = data['annotations'][0]['image_id'] = 1.0
    found = read(data)
    assert type(found['images'][0]['id']) is type(found['annotations'][0]['image_id']) is int


@pytest.mark.parametrize('value, answer', [
    (0, True), (-3, True), (2**63, False), (1.0, True), (1.5, False), (2.0**60, False),
    (NAN, False), ('a', True), (True, False), (None, False), ([], False)])
def test_ids(value, answer):
    assert is_id(value) is answer


@pytest.mark.parametrize('ids, expected', [
    ([1, 2], [1, 2]), ([9, 4], [9, 4]), ([0, 1], [1, 2]), ([-1, 5], [1, 2]), (['a', 'b'], [1, 2])])
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
    'three': ([('cup', None, False), ('cup', None, True), ('cup', None, False)], [1]),
}


@pytest.mark.parametrize('case', REPEATED)
def test_repeated_categories(read, case):
    entries, stay = REPEATED[case]
    data, said = copy.deepcopy(DATA), []
    data['categories'] = [dict(id=n, name=name, supercategory=parent)
                          for n, (name, parent, _) in enumerate(entries)]
    data['annotations'] = [dict(DATA['annotations'][0], id=n, category_id=n)
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


# ---- what is wrong, and said alike by all who read

def change(section, index, field, value):
    """Set a field of an entry, or replace the entry or the section."""
    def apply(data):
        if index is None:
            data[section] = value
        elif field is None:
            data[section][index] = value
        else:
            data[section][index][field] = value
    return apply


def drop(section, index, field):
    """Take a field out of an entry."""
    return lambda data: data[section][index].pop(field)


ID = 'a whole number below 2**63 or text'
BOX = 'four finite numbers [x, y, width, height] in pixels'
FAULTS = {  # what is done to the data, and the parts of the message
    'section': (change('images', None, None, 3),
        ["it has no list 'images' (found: [", 'fcos-mm convert']),
    'entry': (change('images', 0, None, 3), ['1 of 2 images are not JSON objects:\n  entry 0: 3']),
    'NaN in a box': (change('annotations', 2, 'bbox', [NAN, 0, 5, 5]), [
        f'bbox of 1 of 4 annotations is not {BOX}:\n'
        f'  annotation 3 (2.png) has bbox [nan, 0, 5, 5]\n'
        'Correct or delete these entries.']),
    'infinite width': (change('annotations', 2, 'bbox', [0, 0, INF, 5]),
        ['has bbox [0, 0, inf, 5]']),
    'NaN area': (change('annotations', 0, 'area', NAN), [
        'area of 1 of 4 annotations is not a finite number:\n  annotation 1 (1.png) has area nan']),
    'three numbers': (change('annotations', 1, 'bbox', [1, 2, 3]), ['has bbox [1, 2, 3]']),
    'text in a box': (change('annotations', 1, 'bbox', ['1', '2', '3', '4']), ["['1', '2', '3', "]),
    'null in a box': (change('annotations', 1, 'bbox', [1, 2, None, 4]), ['[1, 2, None, 4]']),
    'box is a number': (change('annotations', 1, 'bbox', 3), ['annotation 2 (1.png) has bbox 3']),
    'box too large': (change('annotations', 2, 'bbox', [0, 0, 1e308, 5]),
        ['bbox [0, 0, 1e+308, 5]']),
    'no float can be it': (change('annotations', 0, 'bbox', [5, 6, 10**400, 10]), [f'not {BOX}']),
    'nor an area': (change('annotations', 0, 'area', 10**400), ['(1.png) has area 1000']),
    'no box': (drop('annotations', 1, 'bbox'), [
        '1 of 4 annotations lack bbox:\n  annotation 2 (1.png): {']),
    'no area': (drop('annotations', 1, 'area'),
        ['lack area', 'Add it: width * height of the box.']),
    'no iscrowd': (drop('annotations', 1, 'iscrowd'), ['lack iscrowd', 'Add it: 0.']),
    'iscrowd is text': (change('annotations', 1, 'iscrowd', 'no'), [
        "iscrowd of 1 of 4 annotations is not 0 or 1:\n  annotation 2 (1.png) has iscrowd 'no'"]),
    'iscrowd is null': (change('annotations', 2, 'iscrowd', None), ['(2.png) has iscrowd None']),
    'iscrowd is huge': (change('annotations', 2, 'iscrowd', -2**63),
        ['iscrowd -9223372036854775808']),
    'width 0': (change('images', 1, 'width', 0), [
        'width of 1 of 2 images is not a number of pixels above 0:\n'
        '  image 2 (2.png) has width 0']),
    'width too large': (change('images', 0, 'width', 10**12), ['Write the true size']),
    'unknown category': (change('annotations', 0, 'category_id', 7), [
        "category_id of 1 of 4 annotations is not the id of an entry of 'categories':\n"
        '  annotation 1 (1.png) has category_id 7']),
    'unknown image': (change('annotations', 0, 'image_id', 7), [
        'annotation 1 (no image) has image_id 7']),
    'annotation id twice': (change('annotations', 1, 'id', 1), [
        "the id 1 is used twice in 'annotations'"]),
    'image id twice': (change('images', 1, 'id', 1), ["the id 1 is used twice in 'images'"]),
    'image id is a list': (change('images', 0, 'id', [1]), [
        f'id of 1 of 2 images is not {ID}:\n  entry 0 has id [1]']),
    'annotation id is null': (change('annotations', 1, 'id', None), ['entry 1 has id None']),
    'annotation id is true': (change('annotations', 1, 'id', True), ['entry 1 has id True']),
    'id beyond 64 bits': (change('annotations', 1, 'id', 10**30), ['entry 1 has id 1000']),
    'id is no whole number': (change('images', 1, 'id', 1.5), ['entry 1 has id 1.5']),
    'ids of two kinds': (change('images', 1, 'id', 'a'), [
        "id of 'images' is a number in some entries and text in others"]),
    'image id of a box is a list': (change('annotations', 0, 'image_id', [1]), [
        'annotation 1 (no image) has image_id [1]']),
    'category id of a box is a list': (change('annotations', 0, 'category_id', [10]), [
        'annotation 1 (1.png) has category_id [10]']),
    'category without id': (drop('categories', 0, 'id'),
        ["categories lack id:\n  entry 0: {'name'"]),
    'category id is a list': (change('categories', 0, 'id', [10]), ['entry 0 has id [10]']),
    'category name is a number': (change('categories', 0, 'name', 3), [
        'name of 1 of 2 categories is not text:\n  category 10 has name 3']),
    'category without name': (drop('categories', 0, 'name'), ['lack name:\n  category 10: {']),
    'category name twice': (change('categories', 1, 'name', 'cup'), [
        "the name 'cup' is used twice in 'categories'"]),
    'file name is a number': (change('images', 0, 'file_name', 3), [
        'file_name of 1 of 2 images is not the name of a file:\n  image 1 has file_name 3']),
    'file name is empty': (change('images', 0, 'file_name', ''), ["image 1 () has file_name ''"]),
    'file name is a list': (change('images', 0, 'file_name', ['1.png']), ["file_name ['1.png']"]),
}
#: What only those need who load images, or who compare with detections.
OF_DATASETS = {'no iscrowd'}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_fault_is_one_for_all_who_read_the_file(error_of, folder, fault):
    spoil, parts = FAULTS[fault]
    cfg, path = folder.write(), folder.root / 'ann.json'
    spoil(folder.data)
    path.write_text(json.dumps(folder.data))
    message = error_of(cfg, 'test')
    assert all(part in message for part in [*parts, str(path)])

    settings = dict(cfg.train_dataloader.dataset)
    settings.pop('type')
    readers = [lambda: CocoMetric(path), lambda: coco_numbers(path, []), lambda: read_truth(path)]
    if fault not in OF_DATASETS:
        readers += [lambda: CocoDataset(**settings), lambda: read_checked(str(path)),
                    lambda: read_boxes(str(path))]
    for reader in readers:
        with pytest.raises(UserError) as caught:
            reader()
        assert str(caught.value) == message


def test_training_does_not_need_iscrowd(folder):
    drop('annotations', 1, 'iscrowd')(folder.data)
    cfg = folder.write()
    cfg.pop('val_dataloader')
    check_config_data(cfg, 'train')


def test_test_data_may_lack_annotations(folder):
    del folder.data['annotations']
    check_config_data(folder.write(), 'test')


@pytest.mark.parametrize('content, words', [
    (b'{"images": [', 'is not JSON'), (b'', 'is not JSON'), (b'\x89PNG\r\n\x1a\n', 'is not JSON'),
    (b'[' * 100000, 'is not JSON'), (b'\0' * 40, 'is not JSON'),
    (b'[1, 2]', "has no list 'images' (found: list)"),
    (b'{"images": [], "categories": []}', "has no list 'annotations'"),
    (b'\xff\xfe{\0}\0x\0', 'is not UTF-8 but UTF-16'),
    (b'{"caf\xe9": 1}', 'is not UTF-8 but probably WINDOWS-1252')])
def test_files_of_another_format(error_of, clean, tmp_path, content, words):
    (tmp_path / 'ann.json').write_bytes(content)
    message = error_of(clean)
    assert words in message and str(tmp_path / 'ann.json') in message
    assert 'UTF-8' in words or '`fcos-mm convert`' in message


def test_no_file(tmp_path):
    with pytest.raises(UserError, match='Annotation file not found: .*none.json'):
        read_coco(str(tmp_path / 'none.json'))


# ---- detections

ROW = dict(image_id=1, category_id=10, bbox=[0, 0, 10, 10], score=0.5)


@pytest.mark.parametrize('key, value, words', [
    ('image_id', [1], f'image_id of 1 of 2 detections is not {ID}:\n  entry 1 has image_id [1]'),
    ('image_id', None, 'image_id None'), ('category_id', True, 'category_id True'),
    ('bbox', [1, 2, 3], f'is not {BOX}:\n  entry 1 has bbox [1, 2, 3]'),
    ('bbox', None, 'bbox None'), ('bbox', [1, 2, 3, None], 'bbox [1, 2, 3, None]'),
    ('bbox', [1, 2, 10**400, 4], 'bbox [1, 2, 1000'), ('bbox', [1, 2, NAN, 4], '[1, 2, nan, 4]'),
    ('score', True, 'score of 1 of 2 detections is not a finite number'),
    ('score', 'high', "score 'high'"), ('score', INF, 'score inf'), ('score', NAN, 'score nan')])
def test_a_detection_of_another_form(read, tmp_path, key, value, words):
    truth, results = read(DATA, read_truth), tmp_path / 'found.bbox.json'
    results.write_text(json.dumps([ROW, {**ROW, key: value}]))
    with pytest.raises(UserError) as error:
        read_results(results, truth)
    assert str(error.value).startswith(f'{results}: ') and words in str(error.value)


@pytest.mark.parametrize('row, section, fault', [
    (dict(ROW, image_id='a'), 'detections', None),
    (dict(ROW, image_id='a'), 'submission', "image_id is 'a', not a whole number"),
    (3, 'detections', 'not a JSON object but a int'),
    (dict(bbox=1), 'detections', 'without image_id')])
def test_one_detection(row, section, fault):
    assert entry_fault(row, section) == fault
