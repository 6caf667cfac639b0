"""Image reading: any colour layout works, damage names the file."""
import cv2
import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from mmdet.registry import TRANSFORMS as MMDET_TRANSFORMS
from mmengine.registry import TRANSFORMS as ROOT
from mmengine.registry import DefaultScope
from PIL import Image
from torch.utils.data import DataLoader

from fcos_mm.datasets import ImageError, LoadImageFromFile
from fcos_mm.errors import UserError


def load(path):
    return LoadImageFromFile()(dict(img_path=str(path)))['img']


def _damage(kind, path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    encoded = cv2.imencode(path.suffix, pixels)[1].tobytes()
    path.write_bytes({'empty': b'', 'text': b'hello',
                      'truncated': encoded[:len(encoded) // 2]}[kind])


@pytest.mark.parametrize('kind', ['empty', 'text', 'truncated'])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_damaged_image(tmp_path, kind, suffix):
    path = tmp_path / f'image{suffix}'
    _damage(kind, path)
    with pytest.raises(UserError) as caught:
        load(path)
    assert f'Image cannot be read: {path}' in str(caught.value)
    assert 'Replace it' in str(caught.value)


def test_missing_image(tmp_path):
    with pytest.raises(UserError, match='Image not found: .*absent.png'):
        load(tmp_path / 'absent.png')


@pytest.mark.parametrize('orientation', range(1, 9))
def test_size_of_a_turned_image(tmp_path, orientation):
    """A camera's rotation counts; boxes on the image as stored would lie in the wrong place."""
    exif = Image.Exif()
    exif[274] = orientation
    path = str(tmp_path / 'a.jpg')
    Image.new('RGB', (60, 40)).save(path, exif=exif)
    right, wrong = dict(width=60, height=40), dict(width=40, height=60)
    if orientation >= 5:
        right, wrong = wrong, right
    sample = LoadImageFromFile()(dict(img_path=path, **right))
    assert sample['img_shape'] == (right['height'], right['width'])
    with pytest.raises(ImageError) as caught:
        LoadImageFromFile()(dict(img_path=path, **wrong))
    assert (f"{path} is {right['width']} x {right['height']}, annotated as "
            f"{wrong['width']} x {wrong['height']}" in str(caught.value))


def test_an_image_as_it_is_stored(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.new('RGB', (60, 40)).save(tmp_path / 'a.jpg', exif=exif)
    loader = LoadImageFromFile(color_type='color_ignore_orientation')
    sample = loader(dict(img_path=str(tmp_path / 'a.jpg'), width=60, height=40))
    assert sample['img'].shape == (40, 60, 3)


def test_plain_name_gives_this_loader_in_our_scope():
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        loader = ROOT.build(dict(type='LoadImageFromFile'))
    assert type(loader) is LoadImageFromFile


@pytest.mark.parametrize('mode, name', [
    ('L', 'a.png'), ('I;16', 'a.png'), ('RGBA', 'a.png'), ('LA', 'a.png'),
    ('P', 'a.png'), ('1', 'a.png'), ('CMYK', 'a.jpg'), ('L', 'a.jpg'),
    ('RGB', 'a.bmp')])
def test_colour_layouts_become_three_channels_of_uint8(tmp_path, mode, name):
    if mode == 'I;16':
        cv2.imwrite(str(tmp_path / name), np.full((40, 60), 257 * 80, np.uint16))
    else:
        grey = Image.new('RGB', (60, 40), (80, 80, 80))
        (grey.quantize(4) if mode == 'P' else grey.convert(mode)).save(
            tmp_path / name)
    image = load(tmp_path / name)
    assert image.shape == (40, 60, 3) and image.dtype == np.uint8
    if mode != '1':  # dithered to black and white
        assert np.abs(image.astype(int) - 80).max() <= 2


def test_detection_on_a_damaged_picture(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'hello')
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        loader = MMDET_TRANSFORMS.build(dict(type='mmdet.InferencerLoader'))
    with pytest.raises(ImageError, match=f"cannot be read: {tmp_path / 'a.png'}"):
        loader(str(tmp_path / 'a.png'))


@pytest.mark.parametrize('num_workers', [0, 1])
def test_message_reaches_the_user_from_a_worker(folder, num_workers):
    folder.write()
    damaged = folder.root / 'images' / '2.png'
    damaged.write_bytes(b'hello')
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        dataset = CocoDataset(
            data_root=str(folder.root), ann_file='ann.json',
            data_prefix=dict(img='images/'),
            metainfo=dict(classes=('cup', 'jar')),
            pipeline=[dict(type='LoadImageFromFile')])
    loader = DataLoader(dataset, num_workers=num_workers, collate_fn=list)
    with pytest.raises(ImageError) as caught:
        list(loader)
    message = str(caught.value)
    assert message.startswith(f'Image cannot be read: {damaged}')
    assert message.endswith('remove it from the annotation file.')
    assert 'Traceback' not in message
