"""The chapters on results: numbers by hand, and results of which there is little."""
import json

import numpy as np
import pytest

from fcos_mm.pages.page import as_json, render
from fcos_mm.report.chapters.calibration import calibration
from fcos_mm.report.chapters.classes import classes
from fcos_mm.report.chapters.confusion import confusion
from fcos_mm.report.chapters.errors import errors
from fcos_mm.report.chapters.groups import groups
from fcos_mm.report.chapters.score_iou import score_iou
from fcos_mm.report.chapters.thresholds import thresholds

CHAPTERS = (classes, thresholds, confusion, groups, score_iou, calibration)
A, B, C = (0, 0, 10, 10), (40, 0, 10, 10), (0, 40, 50, 20)


@pytest.fixture(scope='module')
def results(results_of):
    """Cups: one of two found, and one where nothing is. A jar taken for a cup, with a crowd."""
    return results_of(
        [(0, 0, A), (0, 0, B), (1, 1, C), (1, 0, (60, 0, 30, 30), 1)],
        [(0, 0, A, .9), (1, 0, C, .8), (1, 0, (60, 0, 10, 10), .7), (1, 1, (0, 40, 50, 16), .3),
         (1, 1, (0, 40, 50, 8), .2)],
        class_scores=[.95, .9, .9, .4, .3])


def test_classes(results, inputs_of):
    """Cup: AP 51 of 101 recalls at precision 1. Jar: IoU 0.8 suffices for 7 of 10 thresholds."""
    every, cup, jar, box = classes(inputs_of(results)).numbers['rows']
    assert cup == dict(name='cup', ap=pytest.approx(51 / 101), ap50=pytest.approx(51 / 101),
                       boxes=2, images=1, precision=1, recall=.5, f1=2 / 3, threshold=.9)
    assert jar == dict(name='jar', ap=pytest.approx(.7), ap50=1, boxes=1, images=1, precision=1,
                       recall=1, f1=1, threshold=.3)
    assert box == dict(name='box', ap=None, ap50=None, boxes=0, images=0, precision=0, recall=0,
                       f1=0, threshold=None)
    assert every == dict(
        name='all', ap=pytest.approx((51 / 101 + .7) / 2), ap50=pytest.approx(76 / 101),
        boxes=3, images=2, precision=pytest.approx(2 / 3), recall=pytest.approx(2 / 3),
        f1=pytest.approx(2 / 3), threshold=.3)


def test_equal_scores_count_by_the_id_of_the_image(results_of, inputs_of):
    """The second image has the lower id: its wrong detection comes first, as with pycocotools."""
    found = results_of([(0, 0, A)], [(0, 0, A, .5), (1, 0, A, .5)])
    assert classes(inputs_of(found)).numbers['rows'][1]['ap'] == .5


def test_thresholds(results, inputs_of):
    numbers = thresholds(inputs_of(results)).numbers
    assert (numbers['best'], numbers['f1']) == (.3, pytest.approx(2 / 3))
    every, cup, jar = numbers['curves']
    assert [every['name'], cup['name'], jar['name']] == ['all', 'cup', 'jar']
    assert len(every['recall']) == 67 and every['recall'][-1] == .66  # 2 of 3 boxes
    assert every['precision'][0] == 1 and every['precision'][-1] == pytest.approx(2 / 3)
    assert cup['recall'][-1] == .5 and set(cup['precision']) == {1.}
    assert [row['threshold'] for row in numbers['rows']][:2] == [.05, .1]
    assert len(numbers['rows']) == 19 and len(numbers['scores']) == 101
    assert numbers['rows'][0] == dict(threshold=.05, detections=4, right=2, precision=.5,
                                      recall=2 / 3, f1=4 / 7)
    assert numbers['rows'][17] == dict(threshold=.9, detections=1, right=1, precision=1,
                                       recall=1 / 3, f1=.5)
    assert numbers['rows'][18]['precision'] is None


def test_confusion(results, inputs_of):
    """At 0.3: the jar goes to the cup of 0.8, so the right one of 0.3 finds it taken."""
    numbers = confusion(inputs_of(results)).numbers
    assert numbers['threshold'] == .3
    assert numbers['counts'] == [[1, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert numbers['largest'] == [dict(truth='jar', taken_for='cup', count=1, boxes=1, share=1)]
    assert numbers['shown'] == dict(
        rows=['cup', 'jar', 'box', 'background'], columns=['cup', 'jar', 'box', 'missed'],
        counts=numbers['counts'], others=0,
        shares=[[.5, 0, 0, .5], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]])


def test_where_no_detection_is_right_there_is_no_threshold(results_of, inputs_of):
    """The pages say so, and name no threshold of 0."""
    inputs = inputs_of(results_of([(0, 0, (0, 0, 8, 8))], [(0, 1, (50, 50, 8, 8), .4)]))
    chapters = [make(inputs) for make in (confusion, calibration, errors)]
    assert [chapter.numbers['threshold'] for chapter in chapters] == [None] * 3
    assert chapters[0].numbers['counts'][-1][1] == 1  # it counts, as one of the background
    page = render('Report', chapters)
    assert 'none is right, so there is no best' in page and 'best threshold<' not in page
    assert 'not found by\n–' not in page  # of AP50 that is undefined without its missed boxes


def test_confusion_of_many_classes(results_of, inputs_of):
    """Of 30 classes the 20 that are confused most have a row; the others are added up."""
    names = [f'class {label}' for label in range(30)]
    boxes = [(0, label, (10 * label, 0, 8, 8)) for label in range(30)]
    found = [(0, label ^ 1 if label >= 10 else label, box, .5) for _, label, box in boxes]
    numbers = confusion(inputs_of(results_of(boxes, found + [(0, 0, (0, 0, 8, 8), .9)],
                                             classes=names))).numbers
    shown = numbers['shown']
    assert shown['rows'] == [*names[10:], 'other classes', 'background'] and shown['others'] == 10
    assert np.array(shown['counts']).sum() == np.array(numbers['counts']).sum() == 31
    assert shown['counts'][20][20] == 10 and shown['counts'][21][20] == 1
    assert len(numbers['largest']) == 10 and numbers['largest'][0] == dict(
        truth='class 10', taken_for='class 11', count=1, boxes=1, share=1)


def test_groups(results, inputs_of):
    numbers = groups(inputs_of(results)).numbers
    small, medium, large = numbers['coco_size']
    assert small == dict(name='small', boxes=3, ap=classes(inputs_of(results)).numbers['rows'][0][
        'ap'], ap50=pytest.approx(76 / 101), recall=pytest.approx(2 / 3))
    assert medium == large | dict(name='medium') == dict(name='medium', boxes=0, ap=None,
                                                         ap50=None, recall=None)
    assert [row['name'] for row in numbers['size']] == ['10 to 32 px']
    assert [row['boxes'] for row in numbers['overlap']] == [3, 0, 0, 0]
    places = {row['name']: (row['boxes'], row['recall']) for row in numbers['position']
              if row['boxes']}
    assert places == {'top left': (1, 1), 'top center': (1, 0), 'bottom left': (1, 1)}


def test_groups_of_overlapping_boxes(results_of, inputs_of):
    """Two boxes with an IoU of 6/10, one of them found twice; a third is alone, as is noise."""
    found = results_of([(0, 0, A), (0, 0, (0, 0, 10, 6)), (0, 0, B)],
                       [(0, 0, A, .9), (0, 0, (0, 0, 10, 9.9), .8), (0, 0, B, .7),
                        (0, 0, (70, 40, 5, 5), .6)])
    rows = groups(inputs_of(found)).numbers['overlap']
    assert [row['boxes'] for row in rows] == [1, 0, 0, 2]
    assert rows[0]['ap50'] == 1 and rows[3]['ap50'] == 1  # 0.8 has the other box: IoU 6 / 9.9
    assert rows[0]['recall'] == 1


def test_score_and_iou(results, inputs_of):
    """IoUs 1, 0, 0, 0.8 and 0.4: the crowd and the boxes of another class are none.

    Their ranks are 5, 1.5, 1.5, 4, 3, those of the scores 5, 4, 3, 2, 1.
    """
    numbers = score_iou(inputs_of(results)).numbers
    final, class_score = numbers['final'], numbers['class_score']
    assert final['below_line'] == .4 and final['confident_but_poor'] == .4
    assert class_score['below_line'] == .4
    assert final['rank_correlation'] == pytest.approx(1.5 / (10 * 9.5)**.5)
    counts = np.array(final['counts'])
    assert counts.shape == (25, 25) and counts.sum() == 5 and counts[22, 24] == 1
    assert len(numbers['edges']) == 26


def test_without_class_scores(results_of, inputs_of):
    numbers = score_iou(inputs_of(results_of([(0, 0, A)], [(0, 0, A, .5)]))).numbers
    assert numbers['class_score'] is None and numbers['final']['rank_correlation'] is None


def test_calibration(results, inputs_of):
    """Without the one in the crowd: scores 0.9, 0.8, 0.3, 0.2 of which the first and third hit."""
    numbers = calibration(inputs_of(results)).numbers
    assert numbers['counts'] == [0, 0, 1, 1, 0, 0, 0, 0, 1, 1]
    assert numbers['right'][2:4] == [0, 1] and numbers['right'][8:] == [0, 1]
    assert numbers['error'] == pytest.approx((.1 + .8 + .7 + .2) / 4)
    assert numbers['excess'] == pytest.approx(2.2 / 4 - .5)
    assert (numbers['verdict'], numbers['kept']['verdict']) == ('over-confident', 'about right')


@pytest.mark.parametrize('truth, found, options', [
    ([(0, 0, A)], [], {}),
    ([], [], {}),
    ([], [(0, 0, A, .5)], {}),
    ([(0, 0, A, 1)], [(0, 0, A, .5)], {}),
    ([(0, 0, A)], [(0, 0, A, .5)], dict(images=1, classes=('cup', ))),
    ([(0, 0, A)], [(0, 1, A, .5)], dict(class_scores=[.5])),
    ([(0, 0, A)], [(0, 0, (0, 0, 0, 0), 1.)], {}),
], ids=['nothing found', 'nothing at all', 'no box', 'only crowds', 'one class, one image',
        'nothing right', 'an empty box'])
def test_little_to_show(results_of, inputs_of, truth, found, options):
    inputs = inputs_of(results_of(truth, found, **options))
    chapters = [chapter for make in CHAPTERS if (chapter := make(inputs)) is not None]
    page = render('Title', chapters)
    assert [chapter.key for chapter in chapters if f'id="{chapter.key}"' not in page] == []
    assert len(chapters) == (6 if truth and len(truth[0]) == 3 else 5)
    assert json.loads(as_json('Title', chapters))['thresholds']['best'] == (
        .5 if options.get('images') else None)
