"""Two runs side by side, by hand."""
import pytest

from fcos_mm.report.build import CHAPTERS
from fcos_mm.report.chapters.summary import summary
from fcos_mm.report.comparison.breakdown import classes, errors, groups
from fcos_mm.report.comparison.build import build_comparison
from fcos_mm.report.comparison.curves import curves
from fcos_mm.report.comparison.metrics import metrics
from fcos_mm.report.comparison.pictures import mistakes, pictures
from fcos_mm.report.comparison.side import Side

A, B = (0, 0, 10, 10), (40, 0, 10, 10)
TRUTH = [(0, 0, A), (0, 0, B), (1, 1, A)]


@pytest.fixture(scope='module')
def side(results_of, inputs_of):
    """``side(letter, detections)``: a run, whose report is made by its chapters."""
    def make(letter, found):
        results = results_of(TRUTH, found, images=3)
        inputs = inputs_of(results)
        numbers = {chapter.key: chapter.numbers for chapter in (
            make(inputs) for make in CHAPTERS) if chapter is not None}
        numbers['summary'] = summary(inputs, numbers).numbers
        return Side(letter, f'{letter}.json', numbers, results)
    return make


@pytest.fixture(scope='module')
def before(side):
    """One cup of two, the jar twice wrong and right once; noise in the third image."""
    return side('A', [(0, 0, A, .9), (1, 0, A, .85), (1, 0, B, .8), (1, 1, A, .7),
                      (2, 0, A, .75)])


@pytest.fixture(scope='module')
def after(side):
    """Both cups and no jar; new noise in the third image."""
    return side('B', [(0, 0, A, .9), (0, 0, B, .8), (2, 1, A, .3), (2, 0, B, .85), (2, 0, A, .85)])


def test_mistakes(before, after):
    """F1 of A is 2/4 at 0.9 and 4/8 with all: the higher threshold is kept."""
    assert before.numbers['summary']['best']['threshold'] == .9
    assert mistakes(before.results).tolist() == [[0, 1], [0, 1], [0, 0]]
    assert after.numbers['summary']['best']['threshold'] == .8
    assert mistakes(after.results).tolist() == [[0, 0], [0, 1], [2, 0]]


def test_pictures(before, after):
    numbers = pictures(before, after).numbers
    assert (numbers['better'], numbers['worse'], numbers['same']) == (1, 1, 1)
    assert numbers['mistakes'] == dict(a=2, b=3) and numbers['chance'] == 1
    better, = numbers['galleries']['better']
    worse, = numbers['galleries']['worse']
    assert better['caption'] == '0.jpg: 0 wrong and 1 missed in A, 0 wrong and 0 missed in B'
    assert worse['caption'].startswith('2.jpg: 0 wrong and 0 missed in A, 2 wrong')
    kinds = {panel['title']: [box['kind'] for box in panel['boxes']] for panel in better['panels']}
    assert kinds == {'A': ['missed', 'right'], 'B': ['right', 'right'],
                     'annotated': ['truth', 'truth']}
    assert [len(panel['boxes']) for panel in worse['panels']] == [0, 2, 0]


def test_pictures_where_nothing_changed(before):
    numbers = pictures(before, before).numbers
    assert numbers['same'] == 3 and numbers['chance'] is None
    assert numbers['galleries'] == dict(better=[], worse=[])


def test_sign_test(results_of):
    """All of eight pictures better: by chance this has a probability of 2 / 2 ** 8."""
    truth = [(image, 0, A) for image in range(8)]
    nothing, all_ = (Side(letter, '', {}, results_of(truth, found, images=8)) for letter, found in (
        ('A', []), ('B', [(*row, .5) for row in truth])))
    numbers = pictures(nothing, all_).numbers
    assert numbers['better'] == 8 and numbers['chance'] == pytest.approx(2 / 2**8)


def test_metrics_and_classes(before, after):
    rows = {row['name']: row for row in metrics(before, after).numbers['rows']}
    assert rows['best F1'] == dict(name='best F1', a=.5, b=pytest.approx(4 / 7),
                                   difference=pytest.approx(4 / 7 - .5))
    assert rows['AP75'] == dict(name='AP75', a=None, b=None, difference=None)
    every, cup, jar, box = classes(before, after).numbers['rows']
    assert jar['ap'] == dict(a=1, b=0, difference=-1) and jar['boxes'] == 1
    assert cup['ap']['a'] == pytest.approx(51 / 101)
    assert every['ap']['difference'] == pytest.approx((cup['ap']['difference'] - 1) / 2)
    assert box['ap'] == dict(a=None, b=None, difference=None)
    assert rows['AP']['a'] == every['ap']['a'] == rows['AP small']['a']


def test_breakdown(before, after):
    rows = groups(before, after).numbers['rows']
    assert [(row['by'], row['name'], row['boxes']) for row in rows[:4]] == [
        ('size', 'small', 3), ('size', 'medium', 0), ('size', 'large', 0), ('side', '10 px', 3)]
    assert rows[0]['recall'] == dict(a=1 / 3, b=2 / 3, difference=1 / 3)
    background, = (row for row in errors(before, after).numbers['rows']
                   if row['name'] == 'background')
    assert background['shown'] == dict(a=0, b=2, difference=2)


def test_curves(before, after):
    numbers = curves(before, after).numbers
    assert [line['name'] for line in numbers['precision_recall']] == ['A', 'B']
    assert numbers['best'] == [dict(x=.9, label='A'), dict(x=.8, label='B')]
    assert numbers['f1'][0]['x'][90] == .9 and numbers['f1'][0]['y'][90] == .5
    assert numbers['ap'] == numbers['loss'] == [] and numbers['unit'] is None


def test_page(before, after, tmp_path):
    build_comparison(before, after, tmp_path / 'compare.html', 'one and two')
    page = (tmp_path / 'compare.html').read_text()
    assert '<h1>one and two</h1>' in page
    assert all(f'id="{key}"' in page for key in
               ('metrics', 'classes', 'curves', 'groups', 'errors', 'pictures'))


def test_without_kept_detections(before, after):
    assert pictures(before, Side('B', 'B.json', after.numbers, None)) is None
