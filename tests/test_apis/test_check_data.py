"""``fcos-mm check-data``: on a config and on a user's data."""
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from fcos_mm.apis.check_data import is_data
from fcos_mm.cli import check_data
from fcos_mm.cli.command import main
from fcos_mm.errors import UserError

TABLE = [['cup', '4', 'in', '4', '2', 'in', '2'], ['jar', '4', 'in', '4', '2', 'in', '2'],
         ['all', 'classes', '8', 'in', '4', '4', 'in', '2'],
         ['images', 'without', 'boxes', '0', '0']]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, where the page goes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(tiny_data, tmp_path):
    """The tiny dataset, to be spoilt."""
    return shutil.copytree(tiny_data, tmp_path / 'mine')


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def rows(screen):
    return [line.split() for line in screen.splitlines() if line]


def test_a_config(run, tiny_config):
    _, screen = run(check_data, tiny_config, '--no-page')
    lines = rows(screen)
    assert lines[0] == ['Config:', str(tiny_config)]
    assert lines[1:6] == [['boxes', 'in', 'images', 'train', 'val'], *TABLE]
    assert lines[-1] == 'You can train on this data.'.split()


def test_a_config_mended(run, tiny_config, data):
    """Images are found from where the new file is; the config needs nothing but its name."""
    edit(data / 'train.json', lambda content: content['annotations'][0].update(bbox=[-4, 2, 9, 9]))
    words = ('--cfg-options', f'data_root={data}/')
    _, screen = run(check_data, tiny_config, '--fix', 'out/a.json', '--no-page', '--fast', *words)
    assert 'train: 1 box clipped to their image:\n    train_1.png: annotation 1, [0' in screen
    mended = json.loads(Path('out/a_train.json').read_text())
    assert mended['annotations'][0]['bbox'] == [0, 2, 5, 9]
    assert all(Path('out', image['file_name']).is_file() for image in mended['images'])


def test_options_of_a_config(run, tiny_config, tmp_path):
    with pytest.raises(UserError, match='(?s)2 faults.*Annotation file not found'):
        run(check_data, tiny_config, '--cfg-options', f'data_root={tmp_path}/')


def test_a_folder(run, data):
    """Text, page and numbers; the tiny images are few, which is what is wrong with them."""
    _, screen = run(check_data, data)
    assert rows(screen)[1:6] == [['boxes', 'in', 'images', 'train', 'val'], *TABLE]
    assert '0 errors, 1 warning, 0 notes.\nPage: check_data/mine.html\n' in screen
    numbers = json.loads(Path('check_data/mine.json').read_text())
    problem, = numbers['problems']['problems']
    assert (problem['level'], problem['kind'], problem['count']) == ('warning', 'few_boxes', 2)
    assert numbers['overview']['splits']['val']['boxes'] == 4
    page = Path('check_data/mine.html').read_text()
    assert '2 of 2 classes have fewer than 20 boxes' in page
    assert 'input size    64 x 64' in screen and numbers['input_size']['boxes'] == 8


def test_a_page_elsewhere(run, data):
    _, screen = run(check_data, data, '--html', 'pages/check.html')
    assert 'Page: pages/check.html' in screen
    assert {path.name for path in Path('pages').iterdir()} == {'check.html', 'check.json'}
    assert not Path('check_data').exists()


def test_a_third_split(run, data):
    shutil.copy(data / 'val.json', data / 'test.json')
    _, screen = run(check_data, data, '--no-page')
    assert rows(screen)[1:3] == [['boxes', 'in', 'images', 'train', 'val', 'test'],
                                 [*TABLE[0], '2', 'in', '2']]
    assert 'val: 2 of 2 images are also in test, byte for byte' in screen


def test_without_opening_the_images(run, data):
    shutil.copy(data / 'images' / 'val_1.png', data / 'images' / 'train_1.png')
    words = 'byte for byte'
    assert words in run(check_data, data, '--no-page')[1]
    _, screen = run(check_data, data, '--no-page', '--fast')
    assert words not in screen and 'input size' not in screen


def test_classes_of_a_folder(run, data):
    _, screen = run(check_data, data, '--classes', 'jar', '--no-page')
    assert 'boxes are ignored because their category is not in metainfo.classes' in screen
    assert rows(screen)[2:5] == [
        TABLE[1], ['all', 'classes', '4', 'in', '4', '2', 'in', '2'], TABLE[3]]


def test_wrong_boxes_are_shown_refused_and_mended(run, data):
    right = json.loads((data / 'train.json').read_text())

    def corners(content):
        for box in content['annotations']:
            x, y, width, height = box['bbox']
            box['bbox'] = [x, y, x + width, y + height]

    edit(data / 'train.json', corners)
    spoilt = (data / 'train.json').read_text()
    with pytest.raises(UserError, match='corners'):
        main(check_data, [str(data), '--no-page'])
    _, screen = run(check_data, data, '--fix', 'mended/cups.json')
    assert 'error: train: ' in screen and 'but fit as x0, y0, x1, y1' in screen
    assert 'train: 8 boxes converted to x, y, width, height in pixels:' in screen
    assert 'Written: mended/cups_train.json, mended/cups_val.json' in screen
    assert screen.splitlines()[-1] == (
        'You can train on the fixed copy: fcos-mm train --data mended')
    assert (data / 'train.json').read_text() == spoilt
    mended = json.loads(Path('mended/cups_train.json').read_text())
    assert [box['bbox'] for box in mended['annotations']] == [
        box['bbox'] for box in right['annotations']]
    _, screen = run(check_data, 'mended', '--fix', 'again/cups.json', '--no-page')
    assert '0 errors' in screen and 'There was nothing to fix.' in screen


def test_a_mended_copy_that_cannot_be_trained_on_is_refused(data, capsys):
    exif = Image.Exif()
    exif[274] = 6
    path = data / 'images' / 'train_1.png'
    Image.open(path).save(path, exif=exif)
    with pytest.raises(UserError, match='mended.*train_1.png'):
        main(check_data, [str(data), '--fix', 'mended/cups.json', '--no-page'])
    assert 'Left for you to fix:\n  error: train: 1 ' in capsys.readouterr().out


@pytest.mark.parametrize('source, option, target', [
    ('mine/train.json', '--fix', 'other/../mine/train.json'),
    ('mine', '--html', 'mine/train.html'), ('mine/train.json', '--fix', 'check_data/train.json')])
def test_neither_data_nor_results_are_overwritten(run, data, source, option, target):
    """Numbers go beside the page: ``train.json`` beside ``train.html``."""
    Path('other').mkdir()
    before = {path.name: path.read_bytes() for path in data.glob('*.json')}
    with pytest.raises(UserError, match=r'\.json would overwrite the data or another result'):
        run(check_data, source, option, target)
    assert {path.name: path.read_bytes() for path in data.glob('*.json')} == before
    assert not Path('check_data').exists()


@pytest.mark.parametrize('words, message', [
    (['DATA', '--cfg-options', 'a=1'], '--cfg-options is for a config'),
    (['CONFIG', '--classes', 'cup'], '--classes is for a folder'),
    (['no_such_thing'], 'Not found: no_such_thing'),
    (['DATA', '--classes', 'mug'], "no class 'mug'")])
def test_mistakes(words, message, run, tiny_config, data):
    places = {'DATA': data, 'CONFIG': tiny_config}
    with pytest.raises(UserError, match=message):
        run(check_data, *(places.get(word, word) for word in words))


def test_what_is_data():
    for name in ('data.yaml', 'train.json', 'config.py'):
        Path(name).touch()
    Path('fcos_csp-w25_fpn_shapes').mkdir()
    assert [is_data(name) for name in ('.', 'data.yaml', 'train.json')] == [True] * 3
    assert [is_data(name) for name in ('config.py', 'fcos_mm::demo/a.py', 'absent.py',
                                       'fcos_csp-w25_fpn_shapes')] == [False] * 4
    with pytest.raises(UserError, match='Not found: absent.\nGive your data .* or a config'):
        is_data('absent')
    with pytest.raises(UserError, match="Did you mean 'fcos_csp-w25_fpn_shapes'"):
        is_data('fcos_csp-w25_fpn_shape')


def test_data_that_training_refuses_have_an_error(data, capsys):
    edit(data / 'val.json', lambda content: content.update(annotations=[]))
    with pytest.raises(UserError, match='has no boxes of the classes in its 2 images'):
        main(check_data, [str(data)])
    assert '\n1 error, ' in capsys.readouterr().out
    page = json.loads(Path('check_data/mine.json').read_text())
    assert page['overview']['found'].startswith('1 error, ')
