"""``fcos-mm convert``: what it asks for, and what it shows."""
import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from fcos_mm.cli import convert, main
from fcos_mm.errors import UserError


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What ``prepare_data`` is asked for; it answers with one image and one box."""
    calls, module = [], ModuleType('fcos_mm.datasets.sources')
    ann_file = tmp_path / 'train.json'
    ann_file.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png', width=9, height=9)],
        categories=[dict(id=1, name='cup')],
        annotations=[dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 4, 4])])))

    def prepare_data(path, out_dir, classes=None, seed=0):
        calls.append((path, out_dir, classes, seed))
        split = SimpleNamespace(ann_file=str(ann_file), images='/images')
        return SimpleNamespace(layout='YOLO: data.yaml', classes=('cup', ), notes=['a note'],
                               splits={'train': split})

    module.prepare_data = prepare_data
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return calls


def test_it_converts_data_and_shows_what_they_hold(asked, capsys):
    main(convert, ['yolo', '--out', 'there', '--classes', 'cup', 'jar', '--seed', '3'])
    assert asked == [('yolo', 'there', ['cup', 'jar'], 3)]
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == ['YOLO: data.yaml', 'a note']
    assert ['cup', '1', 'in', '1'] in [line.split() for line in shown]
    assert shown[-2:] == [f"ann_files = {{'train': '{shown[-2].split(chr(39))[3]}'}}",
                          "image_dirs = {'train': '/images'}"]


def test_a_seed_that_is_none(asked, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(convert, ['yolo', '--out', 'there', '--seed', '-1'])
    assert '--seed' in capsys.readouterr().err and not asked


def test_defaults(asked):
    main(convert, ['yolo', '--out', 'there'])
    assert asked == [('yolo', 'there', None, 0)]


@pytest.fixture
def conversions(monkeypatch):
    """What conversions of checkpoints are asked for."""
    calls, module = [], ModuleType('fcos_mm.apis.converting.convert')
    module.run = calls.append
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return calls


@pytest.mark.parametrize('words', [
    ['theirs.pth', 'ours.pth'], ['zoo.pkl', 'ours.pth', '--variant', 'caffe', '--force'],
    ['weights', 'ours.pth', '--from', 'mmdet'], ['work_dirs/mine', 'theirs.pth', '--to', 'mmdet']])
def test_checkpoints_go_to_their_own_conversion(words, conversions, asked):
    main(convert, words)
    assert [(args.source, args.out_file) for args in conversions] == [tuple(words[:2])]
    assert not asked


@pytest.mark.parametrize('words, message', [
    (['yolo'], 'Where yolo goes is missing[^$]*convert yolo --out DIR'),
    (['yolo', '--out', 'there', '--variant', 'caffe'], '--variant is for checkpoints, and yolo is'),
    (['yolo', '--out', 'there', '--force'], '--force is for checkpoints'),
    (['a.pth'], 'converted to a file[^$]*convert a.pth OUT.pth'),
    (['a.pth', '--out', 'there'], 'converted to a file[^$]*--out is for data'),
    (['a.pth', 'b.pth', '--out', 'there'], '--out is for data'),
    (['a.pth', 'b.pth', '--to', 'mmdet', '--variant', 'caffe'], 'Leave them out'),
    (['a.pth', 'b.pth', '--cfg-options', 'model.test_cfg.score_thr=0.1'], 'goes with --to'),
])
def test_options_of_the_other_kind(words, message, conversions, asked):
    with pytest.raises(UserError, match=message):
        main(convert, words)
    assert not conversions and not asked
