"""The numbers of the page on data, and that templates show them."""
import json

import pytest
from PIL import Image

from fcos_mm.data_report.build import CHAPTERS, advise
from fcos_mm.data_report.chapters.boxes_per_image import boxes_per_image
from fcos_mm.data_report.chapters.overview import overview
from fcos_mm.data_report.chapters.positions import positions
from fcos_mm.data_report.chapters.problems import problems
from fcos_mm.data_report.chapters.samples import samples
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.data_report.text import count_levels, percent, statistics_lines
from fcos_mm.datasets.problems.problem import Case, Problem, as_lines, box_problem
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.pages.page import render


def split_of(name, boxes, images=3):
    """Boxes as (image, category, x, y, width, height) in images of 100 x 50."""
    return LabelledSplit(name, dict(
        images=[dict(id=number, file_name=f'{number}.png', width=100, height=50)
                for number in range(images)],
        categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
        annotations=[dict(id=number, image_id=image, category_id=category, bbox=[*box])
                     for number, (image, category, *box) in enumerate(boxes)]),
        '/images', ('cup', 'jar'), f'{name}.json')


@pytest.fixture
def splits():
    return [split_of('train', [(0, 1, 0, 0, 40, 40), (0, 2, 60, 0, 10, 10), (1, 1, 0, 40, 10, 10)]),
            split_of('val', [(0, 1, 10, 10, 0, 10)], images=1)]


@pytest.fixture
def inputs(splits):
    wrong = box_problem('no_area', splits[1], splits[1].boxes[:, 2] == 0)
    twin = Case('1.png', '/images/1.png', (100, 50))
    leak = Problem('leak_copy', 'train', 7, [
        Case(f'{number}.png', f'/images/{number}.png', (100, 50), twin=twin)
        for number in range(5)], 9, dict(other='val'))
    return DataInputs(splits, [wrong, leak], 'COCO: here', ['a note'])


def test_overview(inputs):
    numbers = overview(inputs).numbers
    assert numbers['head'] == ['', 'train', 'val']
    assert numbers['rows'] == [['images', 3, 1], ['boxes', 3, 1], ['images without boxes', 1, 0],
                               ['crowds', 0, 0]]
    assert numbers['details'][:2] == [['boxes per image', '0 / 1 / 2', '1 / 1 / 1'],
                                      ['side of boxes (pixels)', '10 / 10 / 40', '0 / 0 / 0']]
    assert numbers['image_sizes'] == [['train', 100, 50, 3], ['val', 100, 50, 1]]
    assert numbers['class_head'] == ['class', 'train: boxes', 'train: images', 'val: boxes',
                                     'val: images']
    assert numbers['classes'] == [['cup', 2, 2, 1, 1], ['jar', 1, 1, 0, 0]]
    assert numbers['found'] == '0 errors, 2 warnings, 0 notes'


def test_boxes_per_image(inputs):
    numbers = boxes_per_image(inputs).numbers
    assert numbers['edges'] == [-.5, .5, 1.5, 2.5]
    assert [row['counts'] for row in numbers['counts']] == [[.33333] * 3, [0, 1, 0]]
    many = DataInputs([split_of('train', [(0, 1, 0, 0, 9, 9)] * 61)], [], '')
    assert boxes_per_image(many).numbers['edges'][:3] == [-.5, 2.5, 5.5]
    assert boxes_per_image(many).numbers['edges'][-1] == 62.5


def test_positions_count_upwards(inputs):
    """Centers (20, 20), (65, 5) and (5, 45) of 100 x 50, in cells of 5 x 2.5 from below."""
    train = positions(inputs).numbers['maps'][0]['counts']
    assert {(column, row) for column, cells in enumerate(train)
            for row, count in enumerate(cells) if count} == {(4, 11), (13, 17), (1, 1)}


def test_problems(inputs):
    box, leak = problems(inputs).numbers['problems']
    assert (box['title'], box['level'], box['count']) == ('1 of 1 boxes has no area', 'warning', 1)
    assert box['pictures'][0]['panels'][0]['boxes'] == [
        dict(box=[7.5, 12.5, 12.5, 17.5], label='', kind='place')]  # of a line, its middle
    assert leak['title'] == '7 of 9 images are also in val, byte for byte'
    assert [picture['caption'] for picture in leak['pictures']] == [
        '0.png', '1.png', '1.png', '1.png']  # each beside its twin


@pytest.mark.parametrize('box, drawn', [
    ((90, 40, 120, 60), ([90, 40, 120, 60], 'truth')),
    ((30, 10, 10, 20), ([10, 10, 30, 20], 'truth')),  # corners in the wrong order
    ((150, 60, 170, 70), ([95, 45, 100, 50], 'place')),  # outside: the corner that is nearest
    ((0.2, 0.2, 0.6, 0.6), ([0, 0, 5, 5], 'place'))])  # fractions of the image
def test_boxes_at_fault_can_be_seen(box, drawn):
    """In an image of 100 x 50 pixels; marks have a side of 5."""
    case = Case('a.png', 'a.png', (100, 50), ((box, 'cup'), ))
    problem = Problem('conversion', 'train', 1, [case], values=dict(title='1 box'))
    picture, = problems(DataInputs([], [problem], '')).numbers['problems'][0]['pictures']
    shown, = picture['panels'][0]['boxes']
    assert (shown['box'], shown['kind']) == drawn


def test_a_box_at_fault_is_drawn_where_the_file_has_it(tmp_path):
    """The annotation exchanges the sides, so the box seems to be outside."""
    path = str(tmp_path / 'a.png')
    Image.new('RGB', (100, 50)).save(path)
    case = Case('a.png', path, (50, 100), (((60, 10, 90, 40), 'cup'), ))
    problem = Problem('sides_exchanged', 'train', 1, [case])
    picture, = problems(DataInputs([], [problem], '')).numbers['problems'][0]['pictures']
    assert picture['panels'][0]['boxes'] == [dict(box=[60, 10, 90, 40], label='cup', kind='truth')]


def test_samples(inputs):
    cups, jars = samples(inputs).numbers['classes']
    assert (cups['name'], [picture['caption'] for picture in cups['pictures']]) == (
        'cup', ['0.png', '1.png'])
    boxes = jars['pictures'][0]['panels'][0]['boxes']
    assert [(box['label'], box['kind']) for box in boxes] == [('cup', 'other'), ('jar', 'truth')]


def test_samples_are_spread_over_the_split():
    split = split_of('train', [(image, 1, 0, 0, 9, 9) for image in range(10)], images=10)
    shown, = samples(DataInputs([split], [], '')).numbers['classes']
    assert [picture['caption'] for picture in shown['pictures']] == [
        '0.png', '3.png', '6.png', '9.png']


def test_all_chapters_on_a_page(inputs):
    chapters = [chapter for make in CHAPTERS if (chapter := make(inputs)) is not None]
    json.dumps([chapter.numbers for chapter in chapters], allow_nan=False)
    page = render('Data', chapters)
    for text in ('1 of 1 boxes has no area', 'and 2 more', 'Aspect ratios', 'You can train on'):
        assert text in page


def test_a_dataset_without_boxes():
    inputs = DataInputs([split_of('train', [])], [], '', refusal='There are no boxes.')
    page = render('Data', [chapter for make in CHAPTERS
                           if (chapter := make(inputs)) is not None])
    assert 'No problems found.' in page and 'There are no boxes.' in page


def test_advice_needs_neither_areas_nor_a_file(splits):
    assert advise(splits[0]).numbers['boxes'] == 3


def test_lines(inputs):
    lines = [line.split() for line in statistics_lines(inputs)]
    assert ['cup', '2', 'in', '2', '1', 'in', '1'] in lines
    assert 'boxes per image 0 / 1 / 2 1 / 1 / 1'.split() in lines
    assert 'large boxes 0 % 0 %'.split() in lines and 'medium boxes 33 % 0 %'.split() in lines
    assert len({len(line) for line in statistics_lines(inputs)}) == 1


def test_a_problem_on_the_screen(inputs):
    lines = as_lines(inputs.problems[1])
    assert lines[:5] == [
        'warning: train: 7 of 9 images are also in val, byte for byte',
        '    0.png', '    1.png', '    2.png', '    and 4 more cases']
    assert count_levels(inputs.problems) == '0 errors, 2 warnings, 0 notes'


@pytest.mark.parametrize('share, text', [
    (None, '–'), (0, '0 %'), (0.00812, '0.81 %'), (.5, '50 %'), (1, '100 %'), (.0999, '10 %')])
def test_percent(share, text):
    assert percent(share) == text
