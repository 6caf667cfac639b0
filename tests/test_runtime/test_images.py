"""Images of every kind, read by OpenCV and by Pillow."""
import io

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import fcos_mm.runtime.images as images
from fcos_mm.errors import UserError
from fcos_mm.runtime.images import ImageError, as_pixels, read_image

RANDOM = np.random.default_rng(0)
SMOOTH = Image.fromarray(RANDOM.integers(0, 256, (12, 18, 3)).astype(np.uint8)).resize(
    (72, 48), Image.Resampling.BICUBIC)
ALPHA = Image.fromarray(RANDOM.integers(0, 256, (48, 72)).astype(np.uint8))
RGBA, LA = SMOOTH.copy(), SMOOTH.convert('LA')
RGBA.putalpha(ALPHA)
LA.putalpha(ALPHA)
DEEP = RANDOM.integers(0, 65536, (48, 72, 3)).astype(np.uint16)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return saved(SMOOTH, kind, exif=exif)


def encoded(ending, pixels):
    return cv2.imencode(ending, pixels)[1].tobytes()


KINDS = {
    **{f'{kind} {image.mode}': saved(image, kind) for kind, modes in {
        'JPEG': (SMOOTH, SMOOTH.convert('L'), SMOOTH.convert('CMYK')),
        'PNG': (SMOOTH, SMOOTH.convert('L'), SMOOTH.convert('1'), SMOOTH.convert('P'), RGBA, LA),
        'BMP': (SMOOTH, SMOOTH.convert('L'), SMOOTH.convert('P'), RGBA),
        'GIF': (SMOOTH.convert('P'), ),
        'TIFF': (SMOOTH, SMOOTH.convert('L'), SMOOTH.convert('CMYK'), RGBA, LA),
        'WEBP': (SMOOTH, RGBA), 'PPM': (SMOOTH, SMOOTH.convert('L'))}.items()
       for image in modes},
    'JPEG 4:4:4': saved(SMOOTH, 'JPEG', subsampling=0, quality=95),
    'progressive JPEG': saved(SMOOTH, 'JPEG', progressive=True),
    'interlaced palette': saved(SMOOTH.convert('P'), 'PNG', transparency=3),
    'grey PNG of 16 bits': encoded('.png', DEEP[..., 0]),
    'PNG of 16 bits': encoded('.png', DEEP),
    'grey TIFF of 16 bits': encoded('.tiff', DEEP[..., 0]),
    'grey PGM of 16 bits': encoded('.pgm', DEEP[..., 0]),
    'LZW TIFF': saved(SMOOTH, 'TIFF', compression='tiff_lzw'),
    **{f'{kind} turned {way}': turned(kind, way) for kind in ('JPEG', 'PNG', 'TIFF')
       for way in (2, 3, 6, 8)},
    **{f'{kind} of two pages': saved(SMOOTH, kind, save_all=True, append_images=[LA.convert('RGB')])
       for kind in ('GIF', 'TIFF', 'PNG', 'WEBP')},
}


@pytest.fixture
def no_opencv(monkeypatch):
    monkeypatch.setattr(images, 'opencv', lambda: None)


@pytest.mark.parametrize('kind', KINDS)
def test_pillow_reads_what_opencv_reads(kind, monkeypatch):
    by_opencv = read_image(KINDS[kind])
    assert np.array_equal(by_opencv, mmcv.imfrombytes(KINDS[kind])[..., ::-1])  # as detect does
    monkeypatch.setattr(images, 'opencv', lambda: None)
    by_pillow = read_image(KINDS[kind])
    assert by_pillow.dtype == np.uint8 and np.array_equal(by_pillow, by_opencv)


def test_colors_of_16_bit_tiff_differ_by_one_step_at_most(monkeypatch):
    content = encoded('.tiff', DEEP)
    by_opencv = read_image(content).astype(int)
    monkeypatch.setattr(images, 'opencv', lambda: None)
    assert np.abs(read_image(content) - by_opencv).max() <= 1


@pytest.mark.parametrize('use', ['opencv', 'no_opencv'])
@pytest.mark.parametrize('kind', ['JPEG RGB', 'progressive JPEG', 'PNG RGB', 'BMP RGB', 'GIF P',
                                  'TIFF RGB', 'LZW TIFF', 'WEBP RGB', 'PPM RGB'])
def test_truncated_files_are_errors(kind, use, monkeypatch):
    if use == 'no_opencv':
        monkeypatch.setattr(images, 'opencv', lambda: None)
    for share in (0.5, 0.95):
        with pytest.raises(ImageError, match='The data cannot be read as an image'):
            read_image(KINDS[kind][:int(len(KINDS[kind]) * share)])


@pytest.mark.parametrize('use', ['opencv', 'no_opencv'])
def test_files_without_an_image(use, tmp_path, monkeypatch):
    if use == 'no_opencv':
        monkeypatch.setattr(images, 'opencv', lambda: None)
    (tmp_path / 'empty.jpg').touch()
    (tmp_path / 'text.jpg').write_text('no image')
    floats = saved(Image.fromarray(np.zeros((4, 4), np.float32)), 'TIFF')
    integers = saved(Image.fromarray(np.zeros((4, 4), np.int32)), 'TIFF')
    for source in (tmp_path / 'empty.jpg', str(tmp_path / 'text.jpg'), b'', b'\xff\xd8\xff', floats,
                   integers, saved(SMOOTH, 'TGA')):
        with pytest.raises(ImageError, match='cannot be read as an image'):
            read_image(source)
    with pytest.raises(ImageError, match='not found: .*missing.jpg'):
        read_image(tmp_path / 'missing.jpg')
    with pytest.raises(ImageError, match='is a folder.\nPass its images as a list'):
        read_image(tmp_path)


@pytest.mark.parametrize('use', ['opencv', 'no_opencv'])
def test_large_images_are_refused_by_their_header(use, monkeypatch):
    if use == 'no_opencv':
        monkeypatch.setattr(images, 'opencv', lambda: None)
    assert read_image(KINDS['PNG RGB'], max_pixels=72 * 48).shape == (48, 72, 3)
    header = saved(Image.new('1', (9000, 9000)), 'PNG')[:60]  # its pixels are missing
    with pytest.raises(ImageError, match='has 9000 x 9000 pixels; at most 80,000,000'):
        read_image(header, max_pixels=80_000_000)
    huge = saved(Image.new('1', (1, 1)), 'BMP')
    huge = huge[:18] + (40000).to_bytes(4, 'little') * 2 + huge[26:]
    with pytest.raises(ImageError, match='cannot be read|40000 x 40000'):
        read_image(huge, max_pixels=10**6)


def test_a_bomb_in_the_text_of_a_png(monkeypatch):
    monkeypatch.setattr(images, 'opencv', lambda: None)
    text = PngImagePlugin.PngInfo()
    text.add_text('comment', 'a' * 50_000_000, zip=True)
    with pytest.raises(ImageError, match='cannot be read as an image'):
        read_image(saved(SMOOTH, 'PNG', pnginfo=text))


def test_without_both_packages_the_message_names_one(no_opencv, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'PIL.Image', None)
    with pytest.raises(UserError, match='Pillow|PIL'):
        read_image(KINDS['PNG RGB'])


@pytest.mark.parametrize('image', [
    SMOOTH, SMOOTH.convert('L'), SMOOTH.convert('1'), SMOOTH.convert('P'), RGBA, LA,
    Image.fromarray(DEEP[..., 0])], ids=lambda image: image.mode)
def test_pil_images_are_as_the_png_that_holds_them(image):
    assert np.array_equal(as_pixels(image), read_image(saved(image, 'PNG')))


def test_pil_images_are_turned():
    with Image.open(io.BytesIO(turned('PNG', 6))) as image:
        assert np.array_equal(as_pixels(image), read_image(turned('PNG', 6)))


def test_arrays():
    pixels = np.asarray(SMOOTH)
    assert np.array_equal(as_pixels(pixels), pixels)
    assert as_pixels(pixels[:, ::-1]).flags.c_contiguous
    for wrong in (pixels[..., 0], pixels.astype(float), pixels[:0], 5, None):
        with pytest.raises(UserError, match='Not an image: .*\nPass a path'):
            as_pixels(wrong)
    with pytest.raises(UserError, match='mode F are not supported'):
        as_pixels(Image.new('F', (3, 3)))
