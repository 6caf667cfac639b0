"""The size of an image is the one under which it is loaded."""
import cv2
import numpy as np
import pytest
from PIL import Image

from fcos_mm.datasets.checks import check_config_data
from fcos_mm.datasets.converters import convert_yolo
from fcos_mm.datasets.image_header import image_size

SUFFIXES = ('.jpg', '.png', '.tiff', '.webp', '.bmp')


def write_turned(path, orientation):
    """An image of 60 x 40 pixels with an EXIF orientation; returns width and height as loaded."""
    exif = Image.Exif()
    exif[274] = orientation
    Image.new('RGB', (60, 40)).save(path, exif=exif)
    content = np.frombuffer(path.read_bytes(), np.uint8)  # as mmcv reads it
    return cv2.imdecode(content, cv2.IMREAD_COLOR).shape[1::-1]


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', SUFFIXES)
def test_size_is_that_of_the_loaded_image(tmp_path, orientation, suffix):
    loaded = write_turned(tmp_path / f'a{suffix}', orientation)
    assert image_size(str(tmp_path / f'a{suffix}')) == loaded
    if orientation >= 5 and suffix in ('.jpg', '.png', '.tiff'):
        assert loaded == (40, 60)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_boxes_of_a_turned_image_through_the_converter_and_the_checks(tmp_path, folder, suffix):
    (tmp_path / 'images').mkdir()
    width, height = write_turned(tmp_path / 'images' / f'a{suffix}', 6)
    (tmp_path / 'a.txt').write_text('0 0.5 0.25 0.5 0.1\n1 0.5 0.5 1 1\n')
    writer = convert_yolo(str(tmp_path / 'images'), str(tmp_path), classes=['cup', 'jar'])
    image, = writer.images
    assert (image['width'], image['height']) == (width, height)
    assert writer.annotations[0]['bbox'] == [width / 4, height / 5, width / 2, height / 10]
    cfg = folder.write()
    writer.write(str(tmp_path / 'ann.json'))
    check_config_data(cfg, 'train')


def test_no_header(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'no')
    with pytest.raises(ValueError, match='a.jpg'):
        image_size(str(tmp_path / 'a.jpg'))
