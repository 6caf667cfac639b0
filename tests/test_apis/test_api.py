"""``fcos_mm.load``: a trained model in Python."""
import io
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import fcos_mm
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
RGB = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)


@pytest.fixture(scope='module')
def detector(trained):
    return fcos_mm.load(trained.work_dir, device='cpu', score_thr=0)


def same(one, other):
    np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    assert one.names == other.names and len(one) == 5


def test_importing_the_package_imports_no_torch():
    code = ("import fcos_mm, sys; assert 'load' in fcos_mm.__all__; "
            "assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, '-c', code], check=True, cwd=ROOT)


def test_kinds_of_images_and_lists_of_them(detector, tmp_path):
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    found = detector(str(tmp_path / 'a.png'))
    several = detector([tmp_path / 'a.png', Image.fromarray(RGB), RGB], batch_size=2)
    assert len(several) == 3 and detector([]) == []
    for other in several:
        same(found, other)
        assert np.array_equal(other.image, RGB)


def exif(path):
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(RGB).save(path, exif=turned)


@pytest.mark.parametrize('name, write', [
    ('grey.png', lambda path: Image.fromarray(RGB).convert('L').save(path)),
    ('one_bit.png', lambda path: Image.fromarray(RGB).convert('1').save(path)),
    ('grey_alpha.png', lambda path: Image.fromarray(RGB).convert('LA').save(path)),
    ('palette.png', lambda path: Image.fromarray(RGB).convert('P').save(path)),
    ('alpha.png', lambda path: Image.fromarray(np.dstack([RGB, RGB[..., 0]])).save(path)),
    ('grey16.png', lambda path: cv2.imwrite(str(path), RGB[..., 0].astype(np.uint16) * 257)),
    ('turned.png', exif), ('turned.jpg', exif)])
def test_a_pil_image_is_what_its_file_is(detector, tmp_path, name, write):
    write(tmp_path / name)
    of_file = detector(tmp_path / name)
    of_image = detector(Image.open(tmp_path / name))
    same(of_file, of_image)
    assert np.array_equal(of_file.image, of_image.image)
    assert of_file.image.shape == ((64, 48, 3) if 'turned' in name else (48, 64, 3))


@pytest.mark.parametrize('image, message', [
    ('none.jpg', 'Image not found: none.jpg'),
    (RGB / 255, 'Not an image: array of float64 and shape'),
    (RGB[..., 0], 'shape .48, 64.'), (None, 'Not an image: NoneType'),
    (Image.new('F', (8, 8)), 'PIL images of mode F'), (__file__, 'cannot be read as an image')])
def test_what_is_no_image(detector, image, message):
    with pytest.raises(UserError, match=message):
        detector(image)


def test_what_is_found_reads_well(detector):
    found = detector(RGB)
    assert found.boxes.shape == (5, 4) and found.boxes.dtype == found.scores.dtype == np.float32
    assert found.names == [('cup', 'jar')[label] for label in found.labels]
    first = next(iter(found))
    assert first.name == found.names[0] and first.score == found.scores[0]
    x0, y0, x1, y1 = first.box.tolist()
    assert repr(found).splitlines()[:2] == [
        '5 detections in an image of 64 x 48',
        f'  {first.name} {first.score:.2f} at {x0:.0f} {y0:.0f} {x1:.0f} {y1:.0f}']
    entry = found.to_coco(7)[0]
    assert (entry['image_id'], entry['category_id']) == (7, dict(cup=10, jar=20)[first.name])
    assert entry['bbox'] == pytest.approx([x0, y0, x1 - x0, y1 - y0], abs=0.01)
    drawn = found.plot()
    assert drawn.size == (64, 48) and not np.array_equal(np.asarray(drawn), RGB)


def test_detections_for_supervision(detector):
    pytest.importorskip('supervision')
    found = detector(RGB)
    other = found.to_supervision()
    assert np.array_equal(other.xyxy, found.boxes) and other['class_name'].tolist() == found.names
    assert np.array_equal(other.class_id, found.labels)
    assert np.array_equal(other.confidence, found.scores)


def test_a_detector_says_what_it_is(detector, trained):
    assert repr(detector) == (
        f'Detector: {trained.checkpoint} (the last checkpoint) on cpu\n'
        '  classes: cup, jar\n  score threshold: 0')
    assert detector.classes == ('cup', 'jar') and detector.thresholds == (0, 0)


def test_one_class_by_its_name(trained):
    found = fcos_mm.load(trained.work_dir, device='cpu', score_thr=0, classes='jar')(RGB)
    assert {*found.names} == {'jar'}
    with pytest.raises(UserError, match='classes bottle: the model has no such class'):
        fcos_mm.load(trained.work_dir, device='cpu', classes='bottle')


def test_a_folder_is_no_image(detector, tmp_path):
    with pytest.raises(UserError, match=f'{tmp_path} is a folder.\nPass its images as a list'):
        detector(tmp_path)


def test_loading_says_nothing(trained, capfd):
    fcos_mm.load(trained.checkpoint, device='cpu')
    assert ''.join(capfd.readouterr()) == ''


@pytest.mark.parametrize('document', ['README.md', 'docs/detection.md'])
def test_the_first_example_of_a_document(trained, tiny_data, tmp_path, monkeypatch, document):
    """It runs as it is written where there are such a work dir and such an image."""
    code, = re.findall(r'```python\n(.*?)```', (ROOT / document).read_text(), re.DOTALL)[:1]
    (tmp_path / 'work_dirs').mkdir()
    (tmp_path / 'work_dirs' / 'mine').symlink_to(trained.work_dir)
    Image.fromarray(RGB).save(tmp_path / 'picture.jpg')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'stdout', io.StringIO())
    exec(compile(code, document, 'exec'), {})
    assert [*tmp_path.glob('*.png')]
