"""YOLO labels become the expected COCO numbers; faults are counted."""
import pytest

from fcos_mm.datasets.converters import convert_yolo
from fcos_mm.errors import UserError


def read_yolo(root):
    return convert_yolo(str(root / 'images'), str(root / 'labels'), classes=['cup', 'jar'])


def test_yolo_numbers_and_ids_by_hand(yolo):
    """In 60x40: centre (30, 20), sides 30 and 10: corner (15, 15)."""
    writer = read_yolo(yolo)
    assert [(image['id'], image['file_name'], image['width'], image['height'])
            for image in writer.images] == [
                (1, 'a.jpg', 60, 40), (2, 'empty.jpg', 60, 40), (3, 'sub/b.png', 100, 50)]
    assert writer.annotations == [
        dict(id=1, image_id=1, category_id=2, bbox=[15, 15, 30, 10], area=300, iscrowd=0),
        dict(id=2, image_id=1, category_id=1, bbox=[0, 0, 12, 16], area=192, iscrowd=0),
        dict(id=3, image_id=3, category_id=1, bbox=[0, 0, 100, 50], area=5000, iscrowd=0)]
    assert writer.faults == {'images without a label file, taken as empty': ['empty.jpg']}


NO_BOX = ('boxes skipped: not the fields of a box (5), of a box with a score (6) or of a polygon '
          '(7, 9, ...)')
NO_CLASS = 'boxes skipped: class is neither a number in 0..1 nor a name'


@pytest.mark.parametrize('line, fault', [
    ('0 0.5 0.5 0.5', NO_BOX),
    ('0 0.5 0.5 0.5 0.5 0.9 0.9 0.9', NO_BOX),  # 8 fields: half a point too many
    ('0 0.5 0.5 0.5 x', 'boxes skipped: not numbers'),
    ('0 0.5 0.5 0.5 0.5 high', 'boxes skipped: not numbers'),
    ('2 0.5 0.5 0.5 0.5', NO_CLASS),
    ('-1 0.5 0.5 0.5 0.5', NO_CLASS),
    ('0.5 0.5 0.5 0.5 0.5', NO_CLASS),
    ('pan 0.5 0.5 0.5 0.5', NO_CLASS),
    ('nan 0.5 0.5 0.5 0.5', NO_CLASS),
    ('0 30 20 30 10', 'boxes skipped: values not divided by the image size'),
    ('0 0.1 0.1 9 0.1 0.1 0.9', 'boxes skipped: values not divided by the image size'),
    ('0 0.5 0.5 0 0.5', 'boxes skipped: no area'),
    ('0 0.1 0.1 0.5 0.1 0.9 0.1', 'boxes skipped: no area'),  # a polygon on one line
    ('0 nan 0.5 0.5 0.5', 'boxes skipped: not a finite number'),
    ('0 0.1 0.1 nan 0.2 0.3 0.4', 'boxes skipped: not a finite number'),
])
def test_yolo_line_that_is_skipped(yolo, line, fault):
    (yolo / 'labels' / 'empty.txt').write_text(f'0 0.5 0.5 0.5 0.5\n{line}\n')
    writer = read_yolo(yolo)
    assert len(writer.annotations) == 4
    assert list(writer.faults) == [fault]
    assert writer.faults[fault][0].startswith(f"{yolo / 'labels' / 'empty.txt'}, line 2")


def test_yolo_box_over_the_edge_is_cut(yolo):
    (yolo / 'labels' / 'empty.txt').write_text('0 0 0.5 0.5 0.5\n')
    writer = read_yolo(yolo)
    assert writer.annotations[2]['bbox'] == [0, 10, 15, 20]
    assert list(writer.faults) == ['boxes clipped to their image']


def test_yolo_folders_of_different_splits(yolo):
    (yolo / 'other').mkdir()
    with pytest.raises(UserError, match='No label file belongs to an image'):
        convert_yolo(str(yolo / 'images'), str(yolo / 'other'), classes=['cup'])
    with pytest.raises(UserError, match='No image in'):
        convert_yolo(str(yolo / 'other'), str(yolo / 'labels'), classes=['cup'])
    with pytest.raises(UserError, match='Folder not found'):
        convert_yolo(str(yolo / 'absent'), str(yolo / 'labels'), classes=['cup'])
