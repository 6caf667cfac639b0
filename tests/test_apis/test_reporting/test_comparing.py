"""``fcos-mm report --compare``: which reports can be compared, and what the page holds."""
import copy
import json

import numpy as np
import pytest

from fcos_mm.apis.reporting.collecting import checksum
from fcos_mm.apis.reporting.comparing import check_comparable
from fcos_mm.apis.reporting.predictions import Predictions, save
from fcos_mm.cli import main, report
from fcos_mm.errors import UserError
from fcos_mm.report.build import build_report
from fcos_mm.report.from_coco import results_from_coco
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.results import Found, Image

BOX = [10., 10., 30., 30.]


@pytest.fixture
def annotations(tmp_path):
    """Two images with a cup each."""
    path = tmp_path / 'val.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=key, file_name=f'{key}.jpg', width=90, height=60) for key in (1, 2)],
        categories=[dict(id=7, name='cup')],
        annotations=[dict(id=key, image_id=key, category_id=7, bbox=[10, 10, 20, 20], area=400,
                          iscrowd=0) for key in (1, 2)])))
    return path


@pytest.fixture
def reported(annotations, tmp_path):
    """``reported(name, images)``: a work dir whose report finds the cups of these images."""
    def make(name, places):
        folder = tmp_path / name / 'report'
        folder.mkdir(parents=True)
        count = len(places)
        found = Found(np.tile(BOX, (count, 1)), np.full(count, .5), np.zeros(count, dtype=int),
                      np.array(places, dtype=int))
        images = [Image(key, f'/nowhere/{key}.jpg', 90, 60) for key in (1, 2)]
        save(Predictions(images, found), {}, folder / 'predictions.npz')
        results = results_from_coco(json.loads(annotations.read_text()), ['cup'], images, found, {})
        build_report(ReportInputs(results, 'val', str(annotations), str(tmp_path / name / 'a.pth'),
                                  '', [], {}, checksum(str(annotations))),
                     folder / 'report.html', name)
        return folder.parent
    return make


def test_page(reported, capsys):
    first, second = reported('first', [0]), reported('second', [0, 1])
    main(report, ['--compare', str(first), str(second / 'report' / 'report.html')])
    page = second / 'report' / 'compare.html'
    assert capsys.readouterr().out == f'report        {page}: open it in a browser\n'
    assert '<h1>first and second</h1>' in page.read_text()
    numbers = json.loads(page.with_suffix('.json').read_text())
    assert (numbers['pictures']['better'], numbers['pictures']['same']) == (1, 1)
    assert numbers['pictures']['galleries']['better'][0]['path'] == '/nowhere/2.jpg'
    assert numbers['metrics']['runs'][1]['report'] == str(second / 'report' / 'report.json')


def test_other_place(reported, tmp_path):
    first = reported('first', [0])
    main(report, ['--compare', str(first), str(first), '--out', str(tmp_path / 'own.html')])
    assert (tmp_path / 'own.json').exists()


@pytest.mark.parametrize('spoil', [
    lambda folder, annotations: (folder / 'predictions.npz').unlink(),
    lambda folder, annotations: (folder / 'predictions.npz').write_bytes(b'no archive'),
    lambda folder, annotations: annotations.write_text('{}'),
    lambda folder, annotations: annotations.unlink()], ids=[
        'no predictions', 'broken predictions', 'annotations changed', 'annotations gone'])
def test_pictures_are_left_out(reported, annotations, capsys, spoil):
    first, second = reported('first', [0]), reported('second', [0, 1])
    spoil(second / 'report', annotations)
    main(report, ['--compare', str(first), str(second)])
    assert 'warning: no pictures are compared' in capsys.readouterr().out
    assert 'pictures' not in json.loads((second / 'report' / 'compare.json').read_text())


def test_predictions_of_another_report(reported, capsys):
    first, second = reported('first', [0]), reported('second', [0, 1])
    (first / 'report' / 'predictions.npz').replace(second / 'report' / 'predictions.npz')
    main(report, ['--compare', str(second), str(second)])
    assert f'{second / "report" / "predictions.npz"} is not that' in capsys.readouterr().out


def test_no_report(tmp_path, reported):
    with pytest.raises(UserError, match=f'{tmp_path} has no report.\nMake it first: fcos-mm rep'):
        main(report, ['--compare', str(tmp_path), str(tmp_path)])
    with pytest.raises(UserError, match='Report not found: .*lost.json\nGive a work dir'):
        main(report, ['--compare', str(tmp_path / 'lost.html'), 'b.json'])
    (tmp_path / 'other.json').write_text('{"summary": {}}')
    with pytest.raises(UserError, match='other.json holds no report that can be compared'):
        main(report, ['--compare', str(tmp_path / 'other.json'), str(reported('first', []))])


NUMBERS = dict(summary=dict(ann_checksum='1', ann_file='val.json', images=2),
               confusion=dict(classes=['cup', 'jar']))


@pytest.mark.parametrize('changes, message', [
    (dict(ann_checksum='2', ann_file='test.json'),
     'different annotations.*\nA: a\nB: b\nA is on val.json,\nB is on test.json.\nMake both'),
    (dict(ann_checksum='2'), 'val.json was changed between them: make both again'),
    (dict(images=1), 'A is on 2 images and B on 1')], ids=['other file', 'changed', 'images'])
def test_other_data(changes, message):
    other = copy.deepcopy(NUMBERS)
    other['summary'].update(changes)
    with pytest.raises(UserError, match=message):
        check_comparable(['a', 'b'], NUMBERS, other)


def test_other_classes():
    other = dict(NUMBERS, confusion=dict(classes=['jar', 'pot', 'cup']))
    with pytest.raises(UserError, match="only B has 'pot'"):
        check_comparable(['a', 'b'], NUMBERS, other)
    check_comparable(['a', 'b'], NUMBERS, dict(NUMBERS, confusion=dict(classes=['jar', 'cup'])))


@pytest.mark.parametrize('words, named', [
    (['work'], 'work'), (['--split', 'val'], '--split'), (['--again'], '--again')], ids=str)
def test_options_of_a_single_report(words, named):
    with pytest.raises(UserError, match=f'{named} does not work with --compare'):
        main(report, [*words, '--compare', 'a', 'b'])


def test_no_model():
    with pytest.raises(UserError, match='The model is missing'):
        main(report, [])
