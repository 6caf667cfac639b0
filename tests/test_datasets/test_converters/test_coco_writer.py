"""What both converters share: boxes clipped to their image, faults told, sizes of images."""
import cv2
import pytest
from PIL import Image

from fcos_mm.datasets.converters import CocoWriter
from fcos_mm.datasets.image_header import image_size
from fcos_mm.errors import UserError


def test_box_is_cut_to_its_image():
    writer = CocoWriter(['cup'])
    writer.add_image('a.jpg', 60, 40)
    writer.add_box(0, (-5, 10, 70.25, 20.5), 'here')
    writer.add_box(0, (0, 0, 60.4, 40), 'rounding')
    assert [box['bbox'] for box in writer.annotations] == [[0, 10, 60, 10.5], [0, 0, 60, 40]]
    assert writer.annotations[0]['area'] == 630
    assert writer.faults == {
        'boxes clipped to their image': ['here: box [-5, 10, 70.25, 20.5]']}


def test_box_that_rounding_leaves_without_area():
    writer = CocoWriter(['cup'])
    writer.add_image('a.jpg', 60, 40)
    writer.add_box(0, (1, 1, 1.0004, 5), 'here')
    writer.add_box(0, (1, 1, 1.0006, 5), 'there')
    assert [box['bbox'] for box in writer.annotations] == [[1, 1, 0.001, 4]]
    assert writer.faults == {'boxes skipped: no area': ['here: box [1, 1, 1.0, 5]']}


def test_summary_counts_and_shortens():
    writer = CocoWriter(['cup', 'jar'])
    writer.add_image('a.jpg', 60, 40)
    writer.add_box(1, (0, 0, 5, 5), 'good')
    for index in range(7):
        writer.add_box(0, (3, 3, 3, 3), f'bad {index}')
    lines = writer.summary().split('\n')
    assert lines[0] == '1 image, 1 box (cup 0, jar 1)'
    assert lines[1] == '  7 boxes skipped: no area:'
    assert lines[-1] == '    and 2 more' and len(lines) == 8


def test_nothing_converted_writes_nothing(tmp_path):
    writer = CocoWriter(['cup'])
    writer.fault('images skipped: broken XML', 'a.xml')
    with pytest.raises(UserError, match='no image could be converted(.|\n)*a.xml'):
        writer.write(str(tmp_path / 'out.json'))
    assert not (tmp_path / 'out.json').exists()


def test_image_turned_by_exif_has_the_sides_of_the_picture_shown(tmp_path):
    image = Image.new('RGB', (60, 40))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    width, height = image_size(str(tmp_path / 'a.jpg'))
    assert (width, height) == (40, 60)
    assert cv2.imread(str(tmp_path / 'a.jpg')).shape[:2] == (height, width)
