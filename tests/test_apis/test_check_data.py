"""``fcos-mm check-data``: on a config and on a user's data."""
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from fcos_mm.apis.check_data import is_data
from fcos_mm.cli import check_data
from fcos_mm.errors import UserError

TABLE = [['cup', '4', 'in', '4', '2', 'in', '2'], ['jar', '4', 'in', '4', '2', 'in', '2'],
         ['all', 'classes', '8', 'in', '4', '4', 'in', '2'],
         ['images', 'without', 'boxes', '0', '0']]


@pytest.fixture
def sources(monkeypatch, tiny_data, tmp_path):
    """Stands for ``fcos_mm.datasets.sources``: every folder is the tiny dataset, copied there."""
    module = ModuleType('fcos_mm.datasets.sources')
    module.folders, module.splits = [], {'train': 'train', 'val': 'val'}
    module.change = lambda data: None

    def prepare_data(path, out_dir, classes=None, seed=0):
        module.folders.append(Path(out_dir))
        splits = {}
        for name, source in module.splits.items():
            data = json.loads((tiny_data / f'{source}.json').read_text())
            module.change(data)
            ann_file = Path(out_dir) / f'{name}.json'
            ann_file.write_text(json.dumps(data))
            splits[name] = SimpleNamespace(ann_file=str(ann_file), images=str(tiny_data / 'images'))
        return SimpleNamespace(layout='COCO: here', splits=splits, notes=['made so'],
                               classes=tuple(classes or ('cup', 'jar')))

    module.prepare_data = prepare_data
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def rows(screen):
    return [line.split() for line in screen.splitlines() if line]


def test_a_config(run, tiny_config):
    _, screen = run(check_data, tiny_config)
    assert rows(screen) == [['boxes', 'in', 'images', 'train', 'val'], *TABLE,
                            ['The', 'data', 'can', 'be', 'trained', 'on.']]


def test_options_of_a_config(run, tiny_config, tmp_path):
    with pytest.raises(UserError, match='(?s)2 faults.*Annotation file not found'):
        run(check_data, tiny_config, '--cfg-options', f'data_root={tmp_path}/')


def test_a_folder(run, sources, tmp_path):
    _, screen = run(check_data, tmp_path)
    assert screen.splitlines()[:2] == ['COCO: here', 'made so']
    assert rows(screen)[3:-1] == TABLE
    assert not sources.folders[0].exists()


def test_a_folder_with_a_test_split(run, sources, tmp_path):
    sources.splits['test'] = 'val'
    _, screen = run(check_data, tmp_path)
    assert rows(screen)[2:4] == [['boxes', 'in', 'images', 'train', 'val', 'test'],
                                 [*TABLE[0], '2', 'in', '2']]


def test_classes_of_a_folder(run, sources, tmp_path):
    _, screen = run(check_data, tmp_path, '--classes', 'jar')
    assert 'boxes are left out because their category is not in metainfo.classes' in screen
    assert rows(screen)[-4:-1] == [TABLE[1], ['all', 'classes', '4', 'in', '4', '2', 'in', '2'],
                                   TABLE[3]]


def test_a_folder_with_wrong_boxes(run, sources, tmp_path):
    def corners(data):
        for box in data['annotations']:
            x, y, width, height = box['bbox']
            box['bbox'] = [x, y, x + width, y + height]

    sources.change = corners
    with pytest.raises(UserError, match='corners'):
        run(check_data, tmp_path)
    assert not sources.folders[0].exists()


@pytest.mark.parametrize('words, message', [
    (['DATA', '--cfg-options', 'a=1'], '--cfg-options is for a config'),
    (['CONFIG', '--classes', 'cup'], '--classes is for a folder'),
    (['no_such_thing'], 'Config not found: no_such_thing')])
def test_mistakes(words, message, run, tiny_config, tmp_path):
    places = {'DATA': tmp_path, 'CONFIG': tiny_config}
    with pytest.raises(UserError, match=message):
        run(check_data, *(places.get(word, word) for word in words))


def test_what_is_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('data.yaml', 'train.json', 'config.py'):
        Path(name).touch()
    Path('fcos_csp-w25_fpn_shapes').mkdir()
    assert [is_data(name) for name in ('.', 'data.yaml', 'train.json')] == [True] * 3
    assert [is_data(name) for name in ('config.py', 'fcos_mm::demo/a.py', 'absent',
                                       'fcos_csp-w25_fpn_shapes')] == [False] * 4
