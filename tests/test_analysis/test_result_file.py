"""What the evaluation server would refuse."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fcos_mm.analysis.result_file import check_result_file
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
GOOD = dict(image_id=1, category_id=10, bbox=[0, 0, 64.5, 48.9], score=0.5)


@pytest.fixture
def files(tmp_path):
    """Return a function that writes results and gives both paths; images as test-dev has them."""
    known = dict(images=[dict(id=key, width=64, height=48) for key in (1, 2, 3)],
                 categories=[dict(id=10, name='cup'), dict(id=20, name='jar')])
    (tmp_path / 'info.json').write_text(json.dumps(known))

    def write(rows):
        (tmp_path / 'r.bbox.json').write_text(rows if isinstance(rows, str) else json.dumps(rows))
        return str(tmp_path / 'r.bbox.json'), str(tmp_path / 'info.json')

    return write


def test_a_good_file(files):
    rows = [GOOD, dict(GOOD, bbox=[-0.9, -1, 10, 10], score=1), dict(GOOD, image_id=3, score=0)]
    report = check_result_file(*files(rows))
    assert report.faults == ()
    assert report.text() == ('3 detections in 2 of 3 images, at most 2 in one, of 1 of 2 '
                             'categories')


@pytest.mark.parametrize('change, rule', [
    (dict(image_id=4), 'image_id not in the annotation file'),
    (dict(category_id=1), 'category_id not in the annotation file'),
    (dict(bbox=[1, 1, 0, 5]), 'boxes without width or height'),
    (dict(bbox=[1, 1, 5, -2]), 'boxes without width or height'),
    (dict(bbox=[-1.1, 0, 5, 5]), 'boxes more than a pixel outside the image'),
    (dict(bbox=[0, -1.1, 5, 5]), 'boxes more than a pixel outside the image'),
    (dict(bbox=[60, 0, 5.1, 5]), 'boxes more than a pixel outside the image'),
    (dict(bbox=[0, 40, 5, 9.1]), 'boxes more than a pixel outside the image'),
    (dict(score=1.01), 'scores outside 0 to 1'), (dict(score=-0.01), 'scores outside 0 to 1'),
])
def test_one_wrong_detection_among_right_ones(files, change, rule):
    report = check_result_file(*files([GOOD, dict(GOOD, **change), GOOD]))
    fault, = report.faults
    assert (fault.rule, fault.total) == (rule, 1)
    case, = fault.cases
    assert case.startswith('entry 1: image_id ') and case.endswith(
        ', '.join(f'{key} {value}' for key, value in dict(GOOD, **change).items()
                  if key in ('bbox', 'score')))


BOX = 'four finite numbers [x, y, width, height] in pixels'


@pytest.mark.parametrize('entry, reason', [
    ([1], 'not a JSON object but a list'),
    (dict(image_id=1, category_id=1, score=1), 'without bbox'),
    (dict(GOOD, image_id='1'), "image_id is '1', not a whole number"),
    (dict(GOOD, category_id=True), 'category_id is True, not a whole number'),
    (dict(GOOD, image_id=1.5), 'image_id is 1.5, not a whole number'),
    (dict(GOOD, bbox=[1, 2, 3]), f'bbox is [1, 2, 3], not {BOX}'),
    (dict(GOOD, bbox=None), f'bbox is None, not {BOX}'),
    (dict(GOOD, score='0.5'), "score is '0.5', not a finite number"),
    (dict(GOOD, score=True), 'score is True, not a finite number'),
    (dict(GOOD, bbox=[0, 0, 10**400, 1]), f'bbox is [0, 0, {10**72}..., not {BOX}'),
    (dict(GOOD, score=float('nan')), 'score is nan, not a finite number'),
    (dict(GOOD, bbox=[0, 0, float('inf'), 1]), f'bbox is [0, 0, inf, 1], not {BOX}'),
])
def test_entries_of_another_form(files, entry, reason):
    fault, = check_result_file(*files([GOOD, entry])).faults
    assert fault == ('entries of another form', 1, (f'entry 1: {reason}', ))


def test_at_most_a_hundred_an_image(files):
    assert check_result_file(*files([GOOD] * 100)).faults == ()
    report = check_result_file(*files([GOOD] * 101 + [dict(GOOD, image_id=2)] * 100))
    assert report.faults == (('images with more than 100 detections', 1, ('image_id 1: 101', )), )
    assert 'at most 101 in one' in report.text()


def test_first_cases_and_the_total(files):
    rows = [dict(GOOD, score=2)] * 5 + [dict(GOOD, category_id=7, score=2)]
    by_rule = {fault.rule: fault for fault in check_result_file(*files(rows)).faults}
    assert by_rule['scores outside 0 to 1'].total == 6
    assert [case[:8] for case in by_rule['scores outside 0 to 1'].cases] == [
        'entry 0:', 'entry 1:', 'entry 2:']
    assert by_rule['category_id not in the annotation file'].cases[0].startswith('entry 5:')


def test_nothing_at_all(files):
    fault, = check_result_file(*files([])).faults
    assert fault.rule == 'no detection at all'


def test_annotations_do_not_matter(files):
    results, info = files([GOOD])
    known = dict(json.loads(Path(info).read_text()), annotations=[dict(id=1, bbox='none of it')])
    Path(info).write_text(json.dumps(known))
    assert check_result_file(results, info).faults == ()


def test_files_that_cannot_be_used(files, tmp_path):
    with pytest.raises(UserError, match='r.bbox.json holds a dict and no list'):
        check_result_file(*files({}))
    with pytest.raises(UserError, match='is not JSON: .*r.bbox.json'):
        check_result_file(*files('[{'))
    with pytest.raises(UserError, match='File of results not found: .*none.json'):
        check_result_file(str(tmp_path / 'none.json'), files([])[1])
    results, info = files([GOOD])
    Path(info).write_text(json.dumps(dict(images=[dict(id=1)], categories=[])))
    with pytest.raises(UserError, match='info.json: image 1 has no width or height'):
        check_result_file(results, info)


@pytest.mark.parametrize('rows, status, word', [
    ([GOOD], 0, 'is what the evaluation server accepts'),
    ([dict(GOOD, score=2)] * 4, 1, 'wrong: scores outside 0 to 1: 4\n    entry 0: image_id 1'),
    ({}, 2, 'error: ')])
def test_the_tool(files, rows, status, word):
    done = subprocess.run([sys.executable, 'tools/analysis_tools/check_results.py', *files(rows)],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status and word in done.stdout + done.stderr
    assert 'Traceback' not in done.stderr
