"""Pictures of a page: each embedded once, as training sees it, with boxes on top."""
import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from fcos_mm.pages.album import Album, jpeg
from fcos_mm.pages.gallery import KINDS, gallery

EVIL = '<script>"\'&</script>'


def view(path, *boxes, caption='a picture', width=64, height=48):
    return dict(path=str(path), width=width, height=height, caption=caption,
                panels=[dict(title='found', boxes=list(boxes))])


def box(kind='truth', label='cup', corners=(8, 12, 24, 30)):
    return dict(box=list(corners), label=label, kind=kind)


@pytest.fixture
def noise(tmp_path):
    """A picture that JPEG cannot make small."""
    path = tmp_path / 'noise.png'
    pixels = np.random.default_rng(0).integers(0, 256, (480, 800, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def embedded(album):
    """The pictures embedded in a page, as PIL's."""
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in
            re.findall(r'data:image/jpeg;base64,([^"]*)', album.embedded())]


@pytest.mark.parametrize('scale', [1, 16])  # 16: decoded at an eighth
def test_a_turned_picture_lies_as_training_sees_it(tmp_path, scale):
    exif = Image.Exif()
    exif[274] = 6  # a quarter to the right: the left edge becomes the upper one
    stored = Image.new('RGB', (400 * scale, 100 * scale))
    stored.paste((255, 255, 255), (0, 0, 100 * scale, 100 * scale))
    stored.save(tmp_path / 'turned.jpg', exif=exif)
    album = Album()
    picture = album.picture(str(tmp_path / 'turned.jpg'))
    assert (picture.width, picture.height) == (100 * scale, 400 * scale)
    shown = np.asarray(embedded(album)[0].convert('L'))
    rows = len(shown)
    assert shown[:rows // 4 - 3].min() > 250 and shown[rows // 4 + 3:].max() < 5


def test_a_file_is_embedded_once_and_small(noise):
    album = Album()
    drawn = gallery([view(noise), view(noise)], album) + gallery([view(noise)], album)
    pictures = embedded(album)
    assert [picture.size for picture in pictures] == [(pictures[0].width,
                                                       round(pictures[0].width * 0.6))]
    assert drawn.count('href="#picture-0"') == 3
    ids = re.findall(r' id="([^"]*)"', drawn)
    assert len(ids) == len(set(ids)) == 6  # three drawings and three enlarged ones


def test_a_picture_keeps_to_its_budget(noise):
    picture = Album().picture(str(noise))
    assert Image.open(io.BytesIO(jpeg(picture, 10**9))).size == (640, 384)
    file = jpeg(picture, 9000)
    assert len(file) <= 9000 and max(Image.open(io.BytesIO(file)).size) < 640


def test_a_small_picture_is_not_enlarged(tiny_data):
    album = Album()
    album.picture(str(tiny_data / 'images' / 'val_1.png'))
    assert [picture.size for picture in embedded(album)] == [(64, 48)]


def test_boxes_are_in_pixels_of_the_file(tiny_data, read):
    file = tiny_data / 'images' / 'val_1.png'
    root = read(gallery([view(file, box(), width=1, height=1)], Album())).root
    svg = root.find('.//button//svg')
    assert svg.get('viewBox') == '0 0 64 48'
    drawn = [path for path in svg.iter('path') if path.find('title') is not None]
    assert [path.get('d') for path in drawn] == ['M8 12h16v18h-16z']
    assert drawn[0].findtext('title') == 'annotated: cup'


@pytest.mark.parametrize('content, reason', [(None, 'file not found'), (b'text', 'no picture')])
def test_a_missing_file_is_a_field_with_its_boxes(tmp_path, read, content, reason):
    if content:
        (tmp_path / 'x.jpg').write_bytes(content)
    album = Album()
    drawn = read(gallery([view(tmp_path / 'x.jpg', box(kind='wrong'))], album))
    assert len(drawn.with_class('missing')) == 2 and reason in drawn.texts
    assert len(drawn.with_class('box-wrong')) == 2  # the box and the legend
    assert album.embedded() == ''


def test_a_damaged_file_is_a_field(tmp_path, read):
    path = tmp_path / 'cut.jpg'
    Image.new('RGB', (64, 48)).save(path)
    path.write_bytes(path.read_bytes()[:640])  # all but its header
    album = Album()
    assert album.picture(str(path))[2:] == (64, 48)
    assert read(album.embedded()).texts == ['file is damaged']


def test_the_legend_names_the_kinds_in_use(tiny_data, read):
    boxes = [box(kind=kind) for kind in ('missed', 'truth')]
    root = read(gallery([view(tiny_data / 'images' / 'val_1.png', *boxes)], Album())).root
    assert [''.join(entry.itertext()) for entry in root.iter('li')] == [
        KINDS['truth'], KINDS['missed']]


def test_a_panel_may_show_another_file(tiny_data, noise, read):
    picture = view(tiny_data / 'images' / 'val_1.png')
    picture['panels'].append(dict(title='', boxes=[box()], path=str(noise)))
    album = Album()
    root = read(gallery([picture], album)).root
    assert [svg.get('viewBox') for svg in root.iter('svg') if svg.find('g') is not None] == [
        '0 0 64 48', '0 0 800 480']
    assert len(embedded(album)) == 2


def test_labels_and_captions_are_escaped(tiny_data, read):
    file = tiny_data / 'images' / 'val_1.png'
    drawn = read(gallery([view(file, box(label=EVIL), caption=EVIL)], Album()))
    assert next(drawn.root.iter('script'), None) is None and EVIL in drawn.texts
    assert drawn.root.findtext('.//figcaption') == EVIL


def test_no_pictures():
    assert 'No pictures.' in gallery([], Album())
