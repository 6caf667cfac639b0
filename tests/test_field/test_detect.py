"""Detection on files of every kind, and what is drawn of it."""
import contextlib
import importlib.util
import io
import json
import os
import shutil
from types import SimpleNamespace

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer
from PIL import Image

from fcos_mm.cli import detect, main, test
from fcos_mm.cli.analysis_tools import draw_grid
from fcos_mm.config import check_config, load_config
from fcos_mm.detection.inputs import Inputs
from fcos_mm.errors import UserError

# an untrained model finds something everywhere
FIND = ('--score-thr', 0, '--device', 'cpu', '--cfg-options', 'model.test_cfg.score_thr=0.0',
        'model.test_cfg.max_per_img=5')
RGB = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
GREY = RGB[..., 0].copy()


def pillow(mode='RGB', **options):
    """Writes the image with Pillow."""
    def write(path):
        Image.fromarray(RGB).convert(mode).save(path, **options)
    return write


def opencv(pixels):
    """Writes pixels with OpenCV."""
    def write(path):
        encoded = cv2.imencode(path.suffix, pixels)[1]
        path.write_bytes(encoded.tobytes())
    return write


def turned(path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(RGB).save(path, exif=exif)


# name, how it is made, the drawing's name and (width, height), why it is here
READ = [
    ('grey8.pgm', opencv(GREY), 'grey8.pgm.png', (80, 60), 'OpenCV writes no colours into PGM'),
    ('grey16.pgm', opencv(GREY.astype(np.uint16) * 257), 'grey16.pgm.png', (80, 60), 'as above'),
    ('grey16.png', opencv(GREY.astype(np.uint16) * 257), 'grey16.png', (80, 60), 'depth maps'),
    ('float.tif', opencv(RGB.astype(np.float32)), 'float.tif.png', (80, 60), 'remote sensing'),
    ('same.jpg', pillow(), 'same.jpg', (80, 60), 'one stem, two images: two drawings'),
    ('same.png', pillow(), 'same.png', (80, 60), 'as above'),
    ('same.jfif', lambda path: pillow(format='JPEG')(path), 'same.jfif.jpg', (80, 60),
     'browsers save JPEG so; OpenCV knows no such ending'),
    ('moving.gif', pillow('P', save_all=True, append_images=[Image.new('P', (80, 60))]),
     'moving.gif.png', (80, 60), 'the first frame'),
    ('pages.tiff', pillow(save_all=True, append_images=[Image.new('RGB', (9, 9))]),
     'pages.tiff.png', (80, 60), 'the first page'),
    ('alpha.png', pillow('RGBA'), 'alpha.png', (80, 60), 'four channels'),
    ('cmyk.jpg', pillow('CMYK'), 'cmyk.jpg', (80, 60), 'four channels'),
    ('palette.png', pillow('P'), 'palette.png', (80, 60), 'one channel that is no grey'),
    ('one.png', lambda path: Image.new('RGB', (1, 1)).save(path), 'one.png', (1, 1), 'smallest'),
    ('turned.jpg', turned, 'turned.jpg', (60, 80), 'EXIF: drawn and detected as it is seen'),
    ('jpeg.png', pillow(format='JPEG'), 'jpeg.png', (80, 60), 'an ending that is wrong'),
    ('名 前 é.png', pillow(), '名 前 é.png', (80, 60), 'blanks and other scripts'),
    ('deep/er/same.png', pillow(), 'deep/er/same.png', (80, 60), 'folders in the folder'),
]
# name, how it is made, what is said of it, why it is here
UNREAD = [
    ('text.jpg', lambda path: path.write_text('no image'), 'cannot be read as an image', 'a text'),
    ('empty.png', lambda path: path.write_bytes(b''), 'cannot be read as an image', 'a download'),
    ('float-grey.tif', opencv(GREY.astype(np.float32)), '(TIFF of mode F)', 'OpenCV decodes none'),
    ('thin.png', lambda path: Image.new('RGB', (2000, 3)).save(path), 'thin.png failed',
     'resized to a height of 0'),
]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The files of the tables, and files to leave out."""
    root = tmp_path_factory.mktemp('files')
    for name, make, *_ in [*READ, *UNREAD]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        make(root / name)
    (root / 'notes.txt').write_text('')
    (root / '._same.png').write_text('of another system')
    return root


@pytest.fixture(scope='module')
def detected(folder, short_run, tmp_path_factory):
    """What one run over the files leaves: ``status``, ``screen``, ``out``, ``rows``."""
    out = tmp_path_factory.mktemp('detected')
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        status = main(detect, [str(word) for word in (
            folder, short_run.config, short_run.checkpoint, '--out-dir', out, *FIND)])
    return SimpleNamespace(status=status, screen=screen.getvalue(), out=out, rows=rows_of(out))


def rows_of(out):
    return json.loads((out / 'detections.json').read_text())


@pytest.mark.parametrize('name, drawing, size',
                         [(row[0], row[2], row[3]) for row in READ], ids=[row[0] for row in READ])
def test_images_that_are_read(detected, name, drawing, size):
    assert sum(row['file_name'] == name for row in detected.rows) == 5
    with Image.open(detected.out / 'vis' / drawing) as image:
        assert image.format in ('JPEG', 'PNG') and image.size == size


@pytest.mark.parametrize('name, said', [(row[0], row[2]) for row in UNREAD],
                         ids=[row[0] for row in UNREAD])
def test_images_that_are_not_read(detected, name, said):
    end = detected.screen[detected.screen.index('images, written to'):]
    line, = [line for line in end.splitlines() if line.startswith('error: ') and name in line]
    assert said in line
    assert name not in {row['file_name'] for row in detected.rows}
    assert f'{name}:\nTraceback' in (detected.out / 'detect.log').read_text()


def test_end_of_a_run_over_files_of_every_kind(detected):
    assert detected.status == 1
    assert len([*(detected.out / 'vis').rglob('*.*')]) == len(READ)
    assert f'{5 * len(READ)} detections in {len(READ)} images' in detected.screen
    assert 'skipped, not image files by their extension: 1 .txt' in detected.screen
    assert detected.screen.count('pages; only the first is used') == 2
    assert f'[{len(READ) + len(UNREAD)}/{len(READ) + len(UNREAD)}, 0:00:00 left]' in detected.screen


def test_what_libraries_say_goes_to_the_log(folder, short_run, tmp_path, capfd):
    (tmp_path / 'in').mkdir()
    for name in ('float-grey.tif', 'same.png'):
        shutil.copy(folder / name, tmp_path / 'in')
    main(detect, [str(word) for word in (tmp_path / 'in', short_run.config, short_run.checkpoint,
                                        '--out-dir', tmp_path / 'out', *FIND)])
    screen = ''.join(capfd.readouterr())
    for word in ('out of bounds', 'OpenCV TIFF', 'Loads checkpoint', 'palette'):
        assert word not in screen
    assert 'OpenCV TIFF' in (tmp_path / 'out' / 'detect.log').read_text()  # C code said it
    os.write(2, b'after')
    assert capfd.readouterr().err == 'after'


# words after `detect`, the message, why it is here
REFUSED = [
    ('{images} {checkpoint} {config}', 'given as the config, but looks like a checkpoint.\n'
     'The order is INPUT CONFIG CHECKPOINT', 'swapped'),
    ('{config} {checkpoint} {images}', 'config.py is given as the input, but looks like a config',
     'the order of another tool'),
    ('{usual} --out-dir {config}', 'config.py cannot be written to: Not a directory', 'a file'),
    ('{usual} --out-dir /proc/none', '/proc/none cannot be written to', 'not even root can'),
    ('{usual} --device gpu', '--device gpu: there is no such device', 'no name of torch'),
    ('{usual} --device 0', '--device 0: there is no such device', 'as other toolkits number'),
    ('{usual} --device cuda:77', '--device cuda:77: there is no such device', 'no such GPU'),
    ('{usual} --score-thr 30', 'between 0 and 1. Did you mean 0.3?', 'percent'),
    ('{usual} --score-thr -0.1', 'between 0 and 1', 'below all'),
    ('{usual} --score-thr nan', 'between 0 and 1', 'nothing reaches it'),
    ('{empty} {config} {checkpoint}', 'No images in {empty}', 'an empty folder'),
    ('{images}/none {config} {checkpoint}', 'Input not found: {images}/none', 'no such input'),
]


@pytest.mark.parametrize('words, message', [row[:2] for row in REFUSED],
                         ids=[row[2] for row in REFUSED])
def test_words_that_are_refused(tmp_path, words, message):
    """Before a model is built: config and weights are those of none."""
    places = {name: tmp_path / name for name in ('images', 'empty')}
    for place in places.values():
        place.mkdir()
    Image.new('RGB', (8, 8)).save(places['images'] / 'a.png')
    places.update(config=tmp_path / 'config.py', checkpoint=tmp_path / 'weights.pth')
    places['config'].write_text('')
    torch.save(dict(weight=torch.zeros(1)), places['checkpoint'])
    places['usual'] = '{images} {config} {checkpoint}'.format(**places)
    with pytest.raises(UserError) as raised:
        main(detect, words.format(**places).split())
    assert message.format(**places) in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 4


def test_config_and_checkpoint_of_a_test_swapped(tmp_path):
    with pytest.raises(UserError, match='a.pth is given as the config'):
        main(test, ['a.pth', 'b.py'])
    with pytest.raises(UserError, match='a.pkl is given as the config, but looks like'):
        main(draw_grid, ['a.pkl', 'b.py'])


@pytest.fixture
def detect_in(run, short_run, tmp_path):
    """``detect_in(images, config=...)`` writes to ``tmp_path / 'out'``."""
    return lambda images, config=short_run.config: run(
        detect, images, config, short_run.checkpoint, '--out-dir', tmp_path / 'out', *FIND)


@pytest.fixture
def images(tmp_path):
    """A folder of twelve images."""
    (tmp_path / 'in').mkdir()
    for index in range(12):
        Image.fromarray(RGB).save(tmp_path / 'in' / f'{index:02d}.png')
    return tmp_path / 'in'


# what the model raises and at which calls, exit status, images done, why it is here
STOPS = [
    (RuntimeError('CUDA out of memory'), (3, ), 1, 11, 'one image too many for the memory'),
    (ValueError('odd'), (0, 11), 1, 10, 'the first and the last'),
    (KeyboardInterrupt(), (4, ), 130, 4, 'Ctrl-C'),
]


@pytest.mark.parametrize('error, calls, status, done', [row[:4] for row in STOPS],
                         ids=[row[4] for row in STOPS])
def test_what_was_found_is_kept(images, detect_in, tmp_path, monkeypatch, error, calls, status,
                                done):
    fail_at(monkeypatch, error, calls)
    ended = detect_in(images)
    assert ended.result == status
    assert len(rows_of(tmp_path / 'out')) == 5 * done
    assert f'{5 * done} detections in {done} images' in ended.screen
    if status == 1:
        assert f'00.png failed ({type(error).__name__}: {error})' in ended.screen or 0 not in calls
        assert ended.screen.count('was skipped') == len(calls)


def test_a_model_that_never_works_ends_the_run(images, detect_in, tmp_path, monkeypatch):
    """It is no fault of the images, and whoever wrote it needs the traceback."""
    fail_at(monkeypatch, AttributeError('of a custom module'), range(12))
    with pytest.raises(AttributeError, match='of a custom module'):
        detect_in(images)
    assert rows_of(tmp_path / 'out') == []


def fail_at(monkeypatch, error, calls):
    """Let the inferencer raise at some of its calls."""
    counter = iter(range(10**6))
    forward = DetInferencer.forward

    def failing(self, *args, **kwargs):
        if next(counter) in calls:
            raise error
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(DetInferencer, 'forward', failing)


def test_a_full_disk(images, detect_in, tmp_path, monkeypatch):
    written = iter(range(10**6))
    imwrite = mmcv.imwrite

    def full(image, path, *args, **kwargs):
        if next(written) == 2:
            open(path, 'wb').write(b'part')
            raise OSError(28, 'No space left on device')
        return imwrite(image, path, *args, **kwargs)

    monkeypatch.setattr(mmcv, 'imwrite', full)
    with pytest.raises(UserError, match='No space left on device. The 15 detections so far are'):
        detect_in(images)
    assert len(rows_of(tmp_path / 'out')) == 15
    assert sorted(os.listdir(tmp_path / 'out' / 'vis')) == ['00.png', '01.png']


def test_results_in_the_input_and_loops_are_not_searched(images):
    (images / 'out' / 'vis').mkdir(parents=True)
    shutil.copy(images / '00.png', images / 'out' / 'vis')
    (images / 'deep').mkdir()
    (images / 'deep' / 'up').symlink_to(images)
    found = Inputs([str(images)], leave_out=str(images / 'out'))
    assert len(found.files) == 12 and found.name(found.files[3]) == '03.png'


#: A child that has more classes than its base inherits the base's palette.
PALETTE = "test_dataloader['dataset']['metainfo'] = dict(palette=[(230, 60, 60), (60, 180, 75)])"


@pytest.mark.parametrize('scope', ['fcos_mm', 'mmdet'])
def test_detections_of_classes_without_a_colour(images, detect_in, write_config, tmp_path, scope):
    config = write_config(PALETTE)
    if scope == 'mmdet':  # as in a config of mmdet's that names our parts in full
        config.write_text(config.read_text() + "\nvisualizer = dict(type='mmdet.DetLocalVisualizer"
                                               "')")
    detect_in(images / '00.png', config)
    assert (tmp_path / 'out' / 'vis' / '00.png').is_file()


def test_drawings_of_a_test_with_classes_without_a_colour(short_run, write_config, run, tmp_path):
    """By the hook, whosever visualizer the config names, and in the grid."""
    config = write_config(PALETTE + """
test_dataloader['dataset']['indices'] = 2
visualizer = dict(type='mmdet.DetLocalVisualizer')
default_hooks = dict(visualization=dict(score_thr=0.0))""")
    run(test, config, short_run.checkpoint, '--work-dir', tmp_path, '--show-dir', 'drawn',
        '--out', tmp_path / 'p.pkl', *FIND[-3:])
    assert len([*tmp_path.glob('*/drawn/*')]) == 2
    run(draw_grid, config, tmp_path / 'p.pkl', '--out', tmp_path / 'grid.png', '--score-thr',
        0)
    assert cv2.imread(str(tmp_path / 'grid.png')) is not None


# lines of a config, why it is here
DATASETS = [
    ("test_dataloader = dict(dataset=dict(_delete_=True, type='ConcatDataset', datasets=["
     "{{_base_.test_dataloader.dataset}}]))", 'a wrapper'),
    ("test_dataloader['dataset']['ann_file'] = ['a.json']", 'ids are from 1 then'),
]


@pytest.mark.parametrize('text', [row[0] for row in DATASETS], ids=[row[1] for row in DATASETS])
def test_datasets_of_which_only_the_pipeline_is_used(images, detect_in, write_config, tmp_path,
                                                     text):
    ended = detect_in(images / '00.png', write_config(text))
    assert ended.result == 0
    assert {row['category_id'] for row in rows_of(tmp_path / 'out')} <= set(range(1, 7))


@pytest.mark.parametrize('text', [
    'test_dataloader = None', "test_dataloader['dataset']['pipeline'] = [dict(type='Resize')]"])
def test_configs_that_do_not_say_how_images_are_prepared(images, detect_in, write_config, text):
    with pytest.raises(UserError, match='no test_dataloader.dataset.pipeline with LoadImageFromFi'):
        detect_in(images / '00.png', write_config(text))


# lines of a config, the message, why it is here
PACKAGES = [
    ("visualizer = dict(vis_backends=[dict(type='TensorboardVisBackend')])",
     "visualizer.vis_backends.0.type: 'TensorboardVisBackend' needs the package tensorboard",
     'the usual wish'),
    ("train_dataloader['dataset']['pipeline'] = [dict(type='mmdet.Albu', transforms=[])]",
     "train_dataloader.dataset.pipeline.0.type: 'mmdet.Albu' needs the package albumentations",
     'not installed'),
    ("model = dict(backbone=dict(init_cfg=dict(type='Pretrained', "
     "checkpoint='torchvision://resnet18')))",
     "model.backbone.init_cfg.checkpoint is 'torchvision://resnet18', which only torchvision",
     'an old address'),
    ("model = dict(backbone=dict(type='mmpretrain.ConvNeXt'))", 'needs the package mmpretrain',
     'a scope'),
]


@pytest.mark.parametrize('text, message', [row[:2] for row in PACKAGES],
                         ids=[row[2] for row in PACKAGES])
def test_packages_that_are_not_installed(write_config, monkeypatch, text, message):
    find = importlib.util.find_spec
    monkeypatch.setattr('importlib.util.find_spec', lambda name, *rest: None if name in message
                        else find(name, *rest))
    cfg = load_config(str(write_config(text)))
    with pytest.raises(UserError) as raised:
        check_config(cfg, 'train')
    package = message.split()[-1]
    assert message in str(raised.value)
    assert f'pip install {package}' in str(raised.value)
    if 'Albu' in message or 'torchvision' in message:
        check_config(cfg, 'test')  # not built there
