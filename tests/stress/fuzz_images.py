"""Image files of every kind, whole and damaged."""
import functools
import io
from pathlib import Path

import numpy as np
from fuzz_tools import damage, damages, outcome
from hypothesis import strategies as st
from PIL import Image, ImageOps

from fcos_mm.datasets import LoadImageFromFile
from fcos_mm.datasets.image_header import image_size

# format, the mode of the pixels, and what saving is told
KINDS = (
    ('PNG', 'RGB', {}), ('PNG', 'L', {}), ('PNG', 'LA', {}), ('PNG', 'RGBA', {}), ('PNG', 'P', {}),
    ('PNG', '1', {}), ('PNG', 'I;16', {}), ('JPEG', 'RGB', dict(quality=95, subsampling=0)),
    ('JPEG', 'RGB', dict(quality=95, subsampling=0, progressive=True)), ('JPEG', 'L', {}),
    ('JPEG', 'CMYK', dict(quality=95, subsampling=0)), ('BMP', 'RGB', {}), ('BMP', 'L', {}),
    ('TIFF', 'RGB', {}), ('TIFF', 'I;16', {}), ('TIFF', 'RGBA', dict(compression='tiff_lzw')),
    ('WEBP', 'RGB', dict(lossless=True)), ('WEBP', 'RGBA', dict(lossless=True)),
    ('GIF', 'P', {}), ('PPM', 'RGB', {}))
SIZES = ((1, 1), (1, 7), (7, 1), (2, 2), (33, 20), (64, 48), (20000, 3), (3, 20000))
LONGEST = dict(WEBP=16383)  # pixels
TURNED = ('JPEG', 'PNG')  # formats of which OpenCV obeys the orientation; parts of TIFF, not tested
LOSSY = 4  # how far two decoders of JPEG may differ
NAMES = ('a.png', 'a.jpg', 'a.tif', 'a')


def cases() -> st.SearchStrategy:
    """Kind, size, EXIF orientation, what the file is called, and damages of its bytes."""
    return st.tuples(
        st.sampled_from(range(len(KINDS))), st.sampled_from(SIZES), st.integers(0, 8),
        st.sampled_from(NAMES), st.none() | st.lists(damages(), min_size=1, max_size=3))


def check(case: tuple, folder: Path) -> str:
    """Refused by name, or (H, W, 3) of uint8: the pixels that Pillow gives, if undamaged.

    Args:
        case: Of :func:`cases`.
        folder: Where the file is written.
    """
    kind, size, orientation, name, damaged = case
    content, pixels = encoded(kind, size, orientation)
    whole = content
    for how in damaged or ():
        content = damage(content, how)
    path = folder / name
    path.write_bytes(content)
    image, said = outcome(lambda: LoadImageFromFile()(dict(img_path=str(path))), str(path))
    if said == 'refused':
        assert content != whole, 'a whole image is refused'
        return said
    image = image['img']
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if content == whole:
        assert image_size(str(path)) == image.shape[1::-1]
        assert image.shape == pixels.shape, f'{image.shape} is not {pixels.shape}'
        far = int(np.abs(image.astype(int) - pixels).max())
        assert far <= (LOSSY if KINDS[kind][0] == 'JPEG' else 1), f'pixels differ by {far}'
    elif whole.startswith(content) or KINDS[kind][0] == 'PNG' and orientation <= 1:
        # PNG has checksums; a part with a wrong one is left out if pixels do not need it
        assert np.array_equal(image, _load(folder, whole)), 'damaged, and read as another image'
    return said


def _load(folder: Path, content: bytes) -> np.ndarray:
    (folder / 'whole').write_bytes(content)
    return LoadImageFromFile()(dict(img_path=str(folder / 'whole')))['img']


@functools.lru_cache(maxsize=None)
def encoded(kind: int, size: tuple[int, int], orientation: int) -> tuple[bytes, np.ndarray]:
    """An image file, and its pixels (H, W, 3) as blue, green, red.

    Args:
        kind: The place in ``KINDS``.
        size: Width and height in pixels.
        orientation: What the EXIF data say; 0 for none.
    """
    form, mode, options = KINDS[kind]
    image = _drawn(tuple(min(side, LONGEST.get(form, side)) for side in size), mode)
    file = io.BytesIO()
    if orientation and form != 'TIFF':
        exif = Image.Exif()
        exif[274] = orientation
        image.save(file, form, **options, exif=exif)
    else:
        image.save(file, form, **options)
    with Image.open(io.BytesIO(file.getvalue())) as saved:
        seen = ImageOps.exif_transpose(saved) if form in TURNED else saved.copy()
    return file.getvalue(), _as_loaded(seen, mode, form)


def _as_loaded(image: Image.Image, mode: str, form: str) -> np.ndarray:
    """The pixels of a decoded image as the loader gives them."""
    if mode == 'I;16':
        values = np.asarray(image).astype(int) >> 8
        return np.stack([values] * 3, axis=-1)
    if image.mode == 'RGBA':
        pixels = np.asarray(image).astype(int)
        # seen on black in TIFF, as they are under what is transparent elsewhere
        opacity = pixels[..., 3:] if form == 'TIFF' else 255
        return pixels[..., 2::-1] * opacity // 255
    if image.mode == 'LA':
        return np.stack([np.asarray(image)[..., 0].astype(int)] * 3, axis=-1)
    return np.asarray(image.convert('RGB'))[..., ::-1].astype(int)


def _drawn(size: tuple[int, int], mode: str) -> Image.Image:
    """A smooth picture, which every format keeps well, with all shades of opacity."""
    x = np.linspace(0, 1, size[0])[None, :]
    y = np.linspace(0, 1, size[1])[:, None]
    if mode == 'I;16':
        return Image.fromarray(((x + y) * 32000).astype(np.uint16))
    parts = [200 * x + 0 * y, 200 * y + 0 * x, 100 * (x + y), 255 * x * y]
    image = Image.fromarray(np.stack(parts, axis=-1).astype(np.uint8), 'RGBA')
    if mode in ('RGBA', 'LA'):
        return image.convert(mode)
    return image.convert('RGB').convert(mode)
