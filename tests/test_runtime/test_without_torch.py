"""An environment with NumPy, onnxruntime, Pillow or OpenCV, rich, and nothing else."""
import functools
import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fcos_mm.cli import detect, main
from fcos_mm.runtime import Detector

ROOT = Path(__file__).resolve().parents[2]
ABSENT = ('torch', 'mmengine', 'mmcv', 'mmdet', 'matplotlib', 'pycocotools', 'scipy', 'onnx')
DETECT = """
import importlib.util, json, sys
import _fcos_mm_startup
model, image, *absent = sys.argv[1:]
assert not [name for name in absent if importlib.util.find_spec(name)]
from fcos_mm.errors import UserError
from fcos_mm.runtime import Detector
detector = Detector(model, threads=1)
found = detector(image)
assert detector(open(image, 'rb').read()).rows() == found.rows()
try:
    drawn = str(found.plot().size)
except UserError as error:
    drawn = str(error)
print(json.dumps([found.rows(), found.image.tolist(), drawn]))
"""


def distribution_of(module):
    return metadata.packages_distributions()[module][0]


def needed(distribution):
    """A distribution and what it requires, without extras."""
    yield distribution
    for line in metadata.requires(distribution) or ():
        if 'extra ==' not in line:
            yield from needed(re.match('[A-Za-z0-9._-]+', line)[0])


@pytest.fixture(scope='module')
def make_environment(tmp_path_factory):
    @functools.cache
    def make(*modules):
        folder = tmp_path_factory.mktemp('environment')
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
        site, = folder.glob('lib/python3*/site-packages')
        for name in {one for module in modules for one in needed(distribution_of(module))}:
            link(name, site)
        (site / 'fcos_mm').symlink_to(ROOT / 'fcos_mm')
        hooks = '_fcos_mm_startup'  # as setup.py places them
        shutil.copy(ROOT / 'fcos_mm' / 'compat' / 'import_hooks.py', site / f'{hooks}.py')
        (site / f'{hooks}.pth').write_text(f'import {hooks}; {hooks}.install()\n')
        return folder / 'bin' / 'python'

    return make


def link(name, site):
    """Link what a distribution has in site-packages."""
    home = Path(metadata.distribution(name).locate_file(''))
    for part in {file.parts[0] for file in metadata.files(name)} - {'..', '__pycache__'}:
        if not (site / part).exists():
            (site / part).symlink_to(home / part)


def run(python, folder, *words):
    return subprocess.run([python, *words], cwd=folder, env={'PATH': ''}, capture_output=True,
                          text=True)


@pytest.fixture(scope='module')
def model(write_onnx, make_info, tmp_path_factory):
    boxes = np.array([[[1., 2, 30, 40]]], np.float32)
    return write_onnx(str(tmp_path_factory.mktemp('file') / 'model.onnx'),
                      make_info(strides=(64, ), thresholds=(0.2, 0.2)), boxes=boxes,
                      scores=np.array([[[.75, .25]]], np.float32))


@pytest.mark.parametrize('reader, absent', [('cv2', 'PIL'), ('PIL', 'cv2')])
def test_detects_without_torch(make_environment, model, tmp_path, reader, absent):
    random = np.random.default_rng(0).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(cv2.resize(random, (120, 90))).save(tmp_path / 'a.jpg', exif=exif)
    expected = Detector(model)(tmp_path / 'a.jpg')
    python = make_environment('numpy', 'onnxruntime', reader, 'rich')
    done = run(python, tmp_path, '-c', DETECT, model, 'a.jpg', absent, *ABSENT)
    assert done.returncode == 0, done.stderr
    rows, pixels, drawn = json.loads(done.stdout)
    assert rows == expected.rows() and len(rows) == 2
    assert np.array_equal(pixels, expected.image)  # turned
    assert drawn == '(90, 120)' if reader == 'PIL' else 'pip install pillow' in drawn


def test_the_command_detects_without_torch(make_environment, model, tmp_path, monkeypatch, capsys):
    """As with torch and OpenCV, to the last byte and pixel."""
    random = np.random.default_rng(0).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), cv2.resize(random, (120, 90)))
    (tmp_path / 'b.png').write_bytes(b'no picture')
    words = ['a.png', 'b.png', '--model', model, '--save-csv', '--save-crops', '--out-dir']
    monkeypatch.chdir(tmp_path)
    assert main(detect, [*words, 'here']) == 1
    python = make_environment('numpy', 'onnxruntime', 'PIL', 'rich')
    done = run(python, tmp_path, '-m', 'fcos_mm', 'detect', *words, 'out')
    assert (done.returncode, done.stderr) == (1, '')
    assert done.stdout == capsys.readouterr().out.replace(' here', ' out')
    assert 'error: b.png cannot be read as an image and was skipped' in done.stdout
    assert 'b.png:\nTraceback' in (tmp_path / 'out' / 'detect.log').read_text()
    for name in ('detections.json', 'detections.csv'):
        assert (tmp_path / 'out' / name).read_bytes() == (tmp_path / 'here' / name).read_bytes()
    drawn = sorted(path.relative_to(tmp_path / 'out') for path in tmp_path.glob('out/*/**/*.png'))
    assert [path.name for path in drawn] == ['a.png_1.png', 'a.png_2.png', 'a.png']
    for path in drawn:
        assert np.array_equal(*(cv2.imread(str(tmp_path / place / path))
                                for place in ('out', 'here')))


def test_the_program_starts_and_names_what_is_missing(make_environment, tmp_path):
    python = make_environment('numpy', 'PIL', 'rich')
    done = run(python, tmp_path, '-m', 'fcos_mm', '--help')
    assert done.returncode == 0 and 'detect' in done.stdout, done.stderr
    for name in ('a.onnx', 'a.png'):
        (tmp_path / name).touch()
    done = run(python, tmp_path, '-c', "from fcos_mm.runtime import Detector; Detector('a.onnx')")
    assert "pip install 'fcos_mm[runtime]'" in done.stderr
    done = run(python, tmp_path, '-m', 'fcos_mm', 'detect', 'a.png', '--model', 'a.onnx')
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert "pip install 'fcos_mm[runtime]'" in done.stderr
    done = run(python, tmp_path, '-m', 'fcos_mm', 'detect', '.', '--model', 'a.pth')
    assert 'fcos_mm needs torch, mmengine, mmcv, mmdet' in done.stderr


def test_importing_the_runtime_loads_nothing_heavy():
    code = ("import sys, fcos_mm.runtime; from fcos_mm.runtime import Detector; "
            "print(*{'torch', 'cv2', 'PIL', 'onnxruntime', 'mmdet'} & set(sys.modules))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True,
                          cwd=ROOT)
    assert done.stdout == '\n'
