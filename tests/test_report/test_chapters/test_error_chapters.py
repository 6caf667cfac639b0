"""Errors, pictures and suspected label faults: numbers by hand."""
import json

import pytest

from fcos_mm.evaluation.error_kinds import KINDS
from fcos_mm.pages.page import as_json, render
from fcos_mm.report.build import build_report
from fcos_mm.report.chapters.errors import errors
from fcos_mm.report.chapters.label_faults import fault_list, label_faults
from fcos_mm.report.chapters.pictures import pictures

A, B, C = (0, 0, 10, 10), (40, 0, 10, 10), (0, 40, 50, 20)
CROWD = (60, 0, 30, 30)
ROW = [(20 * place, 0, 10, 10) for place in range(4)]
CUP, JAR, BOX = range(3)


@pytest.fixture(scope='module')
def results(results_of):
    """The first image has errors of many kinds, the second a crowd and what it takes.

    The threshold is 0.6: seven right of eleven shown, of nine boxes.
    """
    return results_of(
        [(0, CUP, A), (0, JAR, B), (0, CUP, C), (1, CUP, A), (1, BOX, B), (1, CUP, CROWD, 1),
         *((2, BOX, box) for box in ROW)],
        [(0, CUP, A, .9), (0, CUP, (0, 0, 10, 9), .8), (0, CUP, B, .7),
         (0, CUP, (0, 40, 50, 8), .75), (0, JAR, (70, 40, 10, 10), .65), (1, CUP, A, .6),
         (1, CUP, (60, 0, 10, 10), .95), (1, BOX, B, .85), (0, BOX, (0, 40, 50, 8), .5),
         (0, JAR, (70, 40, 9, 9), .1), *((2, BOX, box, .6) for box in ROW)], images=3)


def kinds(*counts):
    return dict(zip(('right', *KINDS), counts))


def test_errors(results, inputs_of):
    """Cups: two of three found, at ranks 1 and 5 of 5. Jars: one, not found. Boxes: 5 of 5."""
    numbers = errors(inputs_of(results)).numbers
    assert numbers['threshold'] == .6
    assert numbers['all'] == kinds(7, 1, 1, 1, 1, 2, 0)
    assert numbers['shown'] == kinds(7, 1, 1, 0, 1, 1, 0)
    assert numbers['classes'] == [
        dict(name='cup', boxes=3, **kinds(2, 1, 1, 0, 1, 0, 0)),
        dict(name='jar', boxes=1, **kinds(0, 0, 0, 0, 0, 1, 0)),
        dict(name='box', boxes=5, **kinds(5, 0, 0, 0, 0, 0, 0))]
    cups = (34 * 1 + 33 * 2 / 5) / 101  # recalls up to 1/3, and up to 2/3
    assert numbers['ap50'] == pytest.approx((cups + 0 + 1) / 3)
    # the jar is right and the third of four cups; in place, a cup is right at rank 3
    assert numbers['costs']['class'] == pytest.approx((1 + (34 + 33 * 2 / 4) / 101 - cups) / 3)
    assert numbers['costs']['place'] == pytest.approx(
        ((34 + 33 * 2 / 3 + 34 * 3 / 5) / 101 - cups) / 3)
    assert numbers['costs']['both'] == numbers['costs']['missed'] == 0
    assert numbers['false_negatives'] == pytest.approx(((51 + 50 * 2 / 5) / 101 + 1) / 2 - (
        cups + 1) / 3)


def test_missed_at_the_threshold(results_of, inputs_of):
    """The second cup is found with a score below the threshold: there it is missed."""
    found = results_of([(0, CUP, A), (0, CUP, B)],
                       [(0, CUP, A, .9)] + [(0, JAR, C, .5)] * 3 + [(0, CUP, B, .1)])
    numbers = errors(inputs_of(found)).numbers
    assert (numbers['all']['missed'], numbers['shown']['missed']) == (0, 1)


def captions(numbers, gallery):
    return [picture['caption'] for picture in numbers['galleries'][gallery]]


def test_pictures(results, inputs_of):
    numbers = pictures(inputs_of(results)).numbers
    first = '0.jpg: {}3 boxes, 1 right, 4 wrong, 2 missed'
    assert captions(numbers, 'worst') == [first.format('')]  # the second has no error
    assert captions(numbers, 'confident') == [first.format('cup 0.80, duplicate; ')]
    assert captions(numbers, 'missed') == [first.format('cup, largest IoU 0.40; ')]
    assert captions(numbers, 'duplicates') == [first.format('cup 0.80, duplicate; ')]
    assert sorted(captions(numbers, 'sample')) == [
        first.format(''), '1.jpg: 2 boxes, 2 right, 0 wrong, 0 missed',
        '2.jpg: 4 boxes, 4 right, 0 wrong, 0 missed']


def test_boxes_of_a_picture(results, inputs_of):
    """Below the threshold nothing is drawn, nor what a crowd takes."""
    found = {picture['caption'][0]: picture for picture in pictures(
        inputs_of(results)).numbers['galleries']['sample']}
    annotated, detected = found['1']['panels']
    assert found['1']['path'] == '/nowhere/1.jpg'
    assert [(box['label'], box['kind']) for box in annotated['boxes']] == [
        ('cup', 'truth'), ('box', 'truth'), ('cup', 'other')]
    assert detected['boxes'] == [
        dict(box=[0, 0, 10, 10], label='cup 0.60', kind='right'),
        dict(box=[40, 0, 50, 10], label='box 0.85', kind='right')]
    assert [box['kind'] for box in found['0']['panels'][0]['boxes']] == [
        'truth', 'missed', 'missed']
    assert [box['kind'] for box in found['0']['panels'][1]['boxes']] == [
        'right', 'wrong', 'wrong', 'wrong', 'wrong']


def test_the_worst_have_most_errors_for_their_boxes(results_of, inputs_of):
    """2 of 1 + 1, then 2 of 2 + 1, then 1 of 1 + 1."""
    found = results_of([(0, CUP, A), (1, CUP, A), (1, CUP, B), (2, CUP, A), (3, CUP, A)],
                       [(2, CUP, B, .9), (3, CUP, A, .9), (3, CUP, B, .9)], images=4)
    assert [caption[0] for caption in captions(pictures(inputs_of(found)).numbers, 'worst')] == [
        '2', '1', '0', '3']


def test_missed_boxes_that_nothing_touches_come_first(results_of, inputs_of):
    """Of two that no detection overlaps the larger, then one that a detection overlaps."""
    found = results_of([(0, CUP, A), (1, CUP, C), (2, CUP, A), (3, CUP, B)],
                       [(2, CUP, (0, 0, 10, 4), .9), (3, CUP, B, .9)], images=4)
    assert [caption[0] for caption in captions(pictures(inputs_of(found)).numbers, 'missed')] == [
        '1', '0', '2']


def test_a_gallery_has_ten_pictures_at_most(results_of, inputs_of):
    found = results_of([(image, CUP, A) for image in range(12)],
                       [(image, CUP, A, .9) for image in range(12)]
                       + [(image, CUP, C, .9 + image / 1000) for image in range(12)] * 2, images=12)
    numbers = pictures(inputs_of(found)).numbers
    assert [caption.split(':')[0] for caption in captions(numbers, 'confident')] == [
        f'{image}.jpg' for image in range(11, 1, -1)]
    assert len(set(captions(numbers, 'sample'))) == 10


def test_label_faults(results, inputs_of):
    """One of three small cups is not covered, the jar is found as a cup, a jar is too many."""
    inputs = inputs_of(results)
    listed = fault_list(inputs)
    assert {**listed, 'faults': 0} == dict(annotations='val.json', checkpoint='a.pth',
                                           threshold=.6, faults=0)
    nothing = dict(annotation_id=None, other_annotation_id=None, other_class=None)
    assert listed['faults'] == [
        {**nothing, 'reason': 'no object', 'suspicion': .667, 'file': '0.jpg', 'image_id': 100,
         'bbox': [0, 40, 50, 20], 'annotation_id': 2, 'class': 'cup', 'detected_class': None,
         'score': None},
        {**nothing, 'reason': 'wrong class', 'suspicion': .636, 'file': '0.jpg', 'image_id': 100,
         'bbox': [40, 0, 10, 10], 'annotation_id': 1, 'class': 'jar', 'detected_class': 'cup',
         'score': .7},
        {**nothing, 'reason': 'missing box', 'suspicion': .636, 'file': '0.jpg', 'image_id': 100,
         'bbox': [70, 40, 10, 10], 'class': None, 'detected_class': 'jar', 'score': .65}]
    numbers = label_faults(inputs).numbers
    assert numbers['rows'] == listed['faults']
    assert {reason: (one['count'], one['sure']) for reason, one in numbers['reasons'].items()} == {
        'missing box': (1, 0), 'wrong class': (1, 0), 'no object': (1, 0), 'double box': (0, 0)}
    picture, = numbers['reasons']['wrong class']['pictures']
    assert picture['caption'] == '0.jpg: jar (annotation 1), detected as cup 0.70, suspicion 0.64'


@pytest.mark.parametrize('chapter', [errors, pictures, label_faults])
@pytest.mark.parametrize('truth, found', [
    ([], []), ([(0, CUP, A)], []), ([], [(0, CUP, A, .9)]), ([(0, CUP, A)], [(1, JAR, B, .9)]),
], ids=['nothing', 'no detection', 'no box', 'nothing right'])
def test_little_to_show(results_of, inputs_of, chapter, truth, found):
    """Each chapter renders, and its numbers are JSON without NaN."""
    made = chapter(inputs_of(results_of(truth, found)))
    assert f'<section id="{made.key}">' in render('Report', [made])
    assert json.loads(as_json('Report', [made]))[made.key].keys() == made.numbers.keys()


def test_the_list_of_label_faults_is_beside_the_page(results, inputs_of, tmp_path):
    inputs = inputs_of(results)
    build_report(inputs, tmp_path / 'report.html', 'Report')
    written = json.loads((tmp_path / 'label_faults.json').read_text())
    assert written == json.loads(json.dumps(fault_list(inputs)))
