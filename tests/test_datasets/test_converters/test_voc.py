"""VOC labels become the expected COCO numbers; faults are counted."""
import pytest

from fcos_mm.datasets.converters import convert_voc, voc_classes, voc_layout
from fcos_mm.errors import UserError

from .conftest import write_image


def test_voc_numbers_and_ids_by_hand(voc):
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert [image['file_name'] for image in writer.images] == ['b.jpg', 'a.jpg']
    assert writer.images[0] == dict(id=1, file_name='b.jpg', width=60, height=40)
    assert writer.annotations == [
        dict(id=1, image_id=1, category_id=2, bbox=[1, 1, 59, 39], area=2301, iscrowd=0),
        dict(id=2, image_id=1, category_id=1, bbox=[10, 20, 20, 20], area=400, iscrowd=0),
        dict(id=3, image_id=2, category_id=1, bbox=[2, 3, 2, 2], area=4, iscrowd=0)]
    assert not writer.faults


def test_voc_one_based_pixels(voc):
    """Pixels 1..60 and 1..40, both ends inside, are the whole image."""
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'], one_based=True)
    assert [box['bbox'] for box in writer.annotations] == [
        [0, 0, 60, 40], [9, 19, 21, 21], [1, 2, 3, 3]]


def test_voc_point_is_a_pixel_only_when_counted_from_one(voc):
    voc.add('train', 'd', [('cup', (7, 7, 7, 7))])
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert len(writer.annotations) == 3
    assert writer.faults == {
        'boxes skipped: no area': ['d.xml, object 1: box [7.0, 7.0, 7.0, 7.0]']}
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'], one_based=True)
    assert writer.annotations[3]['bbox'] == [6, 6, 1, 1]


def test_voc_classes_are_those_of_all_splits(voc):
    assert voc_classes(str(voc.root)) == ['cup', 'jar', 'pan']


def test_voc_lists_about_one_class_are_no_splits(voc):
    voc.list('cup_train', 'a  1')
    assert voc_layout(str(voc.root)).splits == ['test', 'train']
    with pytest.raises(UserError, match=r"Not a split: .*cup_train.txt\n.*\['test', 'train'\]"):
        convert_voc(str(voc.root), 'cup_train', classes=['cup'])


def test_voc_difficult_objects_become_crowds(voc):
    voc.add('val', 'd', [('cup', (1, 2, 3, 4))], extra='<difficult>1</difficult>')
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert writer.annotations[0]['iscrowd'] == 1
    assert list(writer.faults) == ['boxes marked difficult, written as crowd']


def test_voc_class_not_asked_for(voc):
    writer = convert_voc(str(voc.root), 'train', classes=['cup'])
    assert [box['category_id'] for box in writer.annotations] == [1, 1]
    assert writer.faults == {"boxes left out: class 'jar' not selected": ['b.xml, object 1']}


def test_voc_class_that_no_object_has(voc):
    with pytest.raises(UserError, match=r"named \['cop'\].*\n.*\['cup', 'jar', 'pan'\]"):
        convert_voc(str(voc.root), 'train', classes=['cup', 'cop'])


def _spoil_broken_xml(voc):
    (voc.root / 'Annotations' / 'a.xml').write_text('<annotation><object>')


def _spoil_no_xml(voc):
    (voc.root / 'Annotations' / 'a.xml').unlink()


def _spoil_no_image(voc):
    (voc.root / 'JPEGImages' / 'a.jpg').unlink()


def _spoil_not_an_image(voc):
    (voc.root / 'JPEGImages' / 'a.jpg').write_text('hello')


def _spoil_other_size(voc):
    write_image(voc.root / 'JPEGImages' / 'a.jpg', 40, 60)


@pytest.mark.parametrize('spoil, fault', [
    (_spoil_broken_xml, 'images skipped: broken XML'),
    (_spoil_no_xml, 'images skipped: no XML file with the same name'),
    (_spoil_no_image, 'images skipped: not in JPEGImages'),
    (_spoil_not_an_image, 'images skipped: not an image'),
    (_spoil_other_size, 'images skipped: size in the XML file does not match the image'),
])
def test_voc_image_that_is_skipped(voc, spoil, fault):
    spoil(voc)
    writer = convert_voc(str(voc.root), 'train', classes=['cup', 'jar'])
    assert [image['file_name'] for image in writer.images] == ['b.jpg']
    assert list(writer.faults) == [fault]
    assert 'a' in writer.faults[fault][0]


@pytest.mark.parametrize('size', [(0, 0), ('', '')])
def test_voc_size_left_open_is_taken_from_the_image(voc, size):
    voc.add('val', 'd', [('cup', (1, 2, 3, 4))], size=size)
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert (writer.images[0]['width'], writer.images[0]['height']) == (60, 40)


@pytest.mark.parametrize('box, fault', [
    ((1, 2, '', 4), "boxes skipped: bndbox needs the numbers ('xmin', 'ymin', 'xmax', 'ymax')"),
    ((1, 2, 'x', 4), "boxes skipped: bndbox needs the numbers ('xmin', 'ymin', 'xmax', 'ymax')"),
    ((1, 2, 'nan', 4), 'boxes skipped: not a finite number'),
    ((1, 2, 'inf', 4), 'boxes skipped: not a finite number'),
    ((9, 2, 3, 4), 'boxes skipped: no area'),
    ((60, 2, 70, 4), 'boxes skipped: outside the image'),
])
def test_voc_box_that_is_skipped(voc, box, fault):
    voc.add('val', 'd', [('cup', box), ('cup', (1, 2, 3, 4))])
    writer = convert_voc(str(voc.root), 'val', classes=['cup'])
    assert list(writer.faults) == [fault] and 'd.xml, object 1' in writer.faults[fault][0]
    assert [box['bbox'] for box in writer.annotations] == [[1, 2, 2, 2]]


@pytest.mark.parametrize('missing, expected', [
    ('Annotations', 'one XML file per image'), ('JPEGImages', 'the images')])
def test_voc_folder_is_missing(voc, missing, expected):
    (voc.root / missing).rename(voc.root / 'other')
    with pytest.raises(UserError, match=f'Folder not found: .*{missing}(.|\n)*{expected}'):
        convert_voc(str(voc.root), 'train', classes=['cup'])
