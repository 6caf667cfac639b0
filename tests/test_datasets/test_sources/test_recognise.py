"""What a folder is, and what is said where that is not clear."""
import json
import shutil

import pytest

from fcos_mm.datasets.sources import recognise
from fcos_mm.errors import UserError

TEXTS = dict(
    coco_2017='COCO: annotations/instances_train2017.json, annotations/instances_val2017.json, '
    'annotations/instances_test2017.json',
    coco_label_studio='COCO: result.json',
    voc_pascal='PASCAL VOC: Annotations, JPEGImages, ImageSets/Main (train, val, test)',
    voc_flat='PASCAL VOC: XML files next to the images',
    voc_roboflow='PASCAL VOC: XML files next to the images in train, valid, test',
    yolo_roboflow='YOLO: data.yaml (train/images, valid/images, test/images)',
    yolo_no_yaml='YOLO: images in train/images, valid/images, test/images')


@pytest.mark.parametrize('layout', TEXTS)
def test_the_layout_in_one_line_and_nothing_written(lay_out, layout):
    root = lay_out(layout)
    before = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    assert recognise(str(root)).text == TEXTS[layout]
    assert {path: path.stat().st_mtime_ns for path in root.rglob('*')} == before


def error_of(path):
    with pytest.raises(UserError) as caught:
        recognise(str(path))
    return str(caught.value)


def test_nothing_usable_tells_what_is_there(tmp_path):
    for name in ('a.jpg', 'sub/b.PNG', 'notes.txt', 'c.json'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{}')
    message = error_of(tmp_path)
    assert 'No dataset found' in message and 'data.yaml' in message
    assert 'Found: 2 images, 1 .json, 0 .xml, 1 .txt, 0 .yaml.' in message


def test_a_json_file_that_is_cut_off(tmp_path):
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'train.json').write_text('{"images": [')
    assert 'which annotations/train.json lacks: is it truncated?' in error_of(tmp_path)


def test_a_json_file_for_each_image(tmp_path):
    for name in ('a', 'b', 'c'):
        (tmp_path / f'{name}.jpg').touch()
        (tmp_path / f'{name}.json').write_text('{"shapes": []}')
    assert 'labelme2coco' in error_of(tmp_path)


def test_no_such_path_and_a_file_of_another_kind(tmp_path):
    assert 'Not found' in error_of(tmp_path / 'absent')
    (tmp_path / 'data.csv').touch()
    assert 'a COCO file (.json), a data.yaml or the folder' in error_of(tmp_path / 'data.csv')


def test_two_coco_files_for_one_split(lay_out):
    root = lay_out('coco_cvat')
    one = root / 'annotations' / 'instances_default.json'
    shutil.copy(one, root / 'annotations' / 'instances_other.json')
    message = error_of(root)
    assert '2 COCO files' in message and 'could be the train split' in message
    assert str(one) in message and 'instances_other.json' in message
    assert recognise(str(one)).splits == ('train', )


def test_two_formats_and_how_to_choose_one(lay_out, shapes):
    root = lay_out('voc_lower_case')
    (root / 'labels').mkdir()
    for picture in shapes.pictures:
        (root / 'labels' / f'{picture.name[:-4]}.txt').write_text(shapes.txt(picture))
    message = error_of(root)
    assert 'annotations in 2 formats' in message
    assert 'PASCAL VOC: annotations, images' in message and 'YOLO: images in images' in message
    assert recognise(str(root / 'annotations')).text.startswith('PASCAL VOC')
    assert recognise(str(root / 'labels')).text.startswith('YOLO')


def test_a_dataset_one_folder_further_down(lay_out):
    root = lay_out('coco_cvat')
    assert recognise(str(root.parent)).text == (
        'COCO: annotations/instances_default.json, in coco_cvat')
    lay_out('voc_flat')
    assert 'contains 2 datasets: coco_cvat, voc_flat' in error_of(root.parent)


def test_letter_case_of_folders_does_not_matter(lay_out):
    root = lay_out('coco_2017')
    (root / 'annotations').rename(root / 'ANNOTATIONS')
    assert recognise(str(root)).splits == ('train', 'val', 'test')


def test_an_empty_file_of_a_split_is_named(lay_out):
    root = lay_out('coco_2017')
    (root / 'annotations' / 'notes.json').touch()
    assert recognise(str(root)).splits == ('train', 'val', 'test')
    file, = (root / 'annotations').glob('instances_train*.json')
    file.write_text('')
    assert f'{file} is empty' in error_of(root)


def test_a_validation_set_alone(lay_out):
    root = lay_out('coco_roboflow')
    shutil.rmtree(root / 'train')
    assert 'has no training set' in error_of(root)


@pytest.mark.parametrize('lists, splits', [
    (('trainval', 'test'), dict(train='trainval', test='test')),
    (('default', ), dict(train='default')),
    (('train', 'trainval', 'val'), dict(train='train', val='val')),
    (('cat_lovers', 'train'), dict(train='train')),
])
def test_which_list_of_voc_is_which_split(lay_out, lists, splits):
    root = lay_out('voc_no_lists')
    folder = root / 'ImageSets' / 'Main'
    folder.mkdir(parents=True)
    for name in lists:
        (folder / f'{name}.txt').write_text('tr000001\n')
    source = recognise(str(root))
    assert source._names == splits
    assert source.notes == (['splits not used: cat_lovers'] if 'cat_lovers' in lists else [])


def test_xml_of_another_kind_is_no_dataset(lay_out, tmp_path):
    root = lay_out('coco_cvat')
    (root / '.idea').mkdir()
    (root / '.idea' / 'misc.xml').write_text('<project/>')
    (root / 'annotations.xml').write_text('<annotations><image/></annotations>')  # CVAT's own
    assert recognise(str(root)).text.startswith('COCO')


@pytest.mark.parametrize('change, part', [
    (('train: images/train\n', ''), "has no key 'train'"),
    (('images/train', 'images/absent'), 'train is images/absent, which does not exist'),
])
def test_data_yaml_without_training_images(lay_out, change, part):
    root = lay_out('yolo_yaml')
    file = root / 'data.yaml'
    file.write_text(file.read_text().replace(*change))
    assert part in error_of(file)


def test_splits_of_data_yaml_that_are_not_there(lay_out):
    root = lay_out('yolo_roboflow')
    shutil.rmtree(root / 'valid')
    source = recognise(str(root))
    assert source.splits == ('train', 'test')
    assert source.notes == ['val: ../valid/images of data.yaml does not exist']


def test_two_yaml_files(lay_out):
    root = lay_out('yolo_yaml')
    shutil.copy(root / 'data.yaml', root / 'old.yaml')
    assert '2 files' in error_of(root)
    assert recognise(str(root / 'old.yaml')).text.startswith('YOLO: old.yaml')


def test_labels_without_class_names(lay_out):
    root = lay_out('yolo_beside')
    (root / 'classes.txt').unlink()
    with pytest.raises(UserError, match='no file with the class names'):
        recognise(str(root)).read('train')


def test_a_json_file_that_is_not_coco(tmp_path):
    file = tmp_path / 'labels.json'
    file.write_text(json.dumps([1]))
    with pytest.raises(UserError, match="not in COCO format"):
        recognise(str(file)).read('train')
