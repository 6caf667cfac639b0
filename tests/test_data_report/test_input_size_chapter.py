"""The chapter on the size of the input."""
import json

import pytest

from fcos_mm.data_report.chapters.input_size import input_size, lines
from fcos_mm.pages.page import render


def row(size, cost, recall):
    shares = dict(bpr=recall, missed=100 - recall, ambiguous=3.25)
    return dict(size=size, cost=cost, levels='P3-P4', strides=[8, 16],
                ranges=[[0, 32], [32, None]], roomy=96., sampled=shares, plain=shares)


def numbers(advised, flat, images=9):
    return dict(images=images, images_with_boxes=9, boxes=90, native=[640, 480], machine='CPU',
                radius=1.5, wanted=4, reason='the smallest', tolerance=0.2, advised=advised,
                flat=flat, sizes=[row([128, 96], 0.5, 98.1), row([192, 128], 1.0, 99.9)])


def test_lines_for_the_screen():
    assert lines(numbers(1, 1)) == [
        'input size    192 x 128: the smallest',
        'levels        P3-P4, regress ranges 0-32, 32-',
        '              99.90 % of the boxes have a location; 3.2 % of the positive locations are '
        'ambiguous']
    assert lines(numbers(1, 0, images=5))[3:] == [
        '              best possible recall is flat from 128 x 96 on, at 0.5 times the cost '
        '(98.10 %)',
        '              counted on 5 images of 9, a random sample']


def test_the_chapter_of_a_file_and_its_page(tiny_data):
    chapter = input_size(str(tiny_data / 'train.json'), ('cup', 'jar'))
    assert (chapter.key, chapter.numbers['boxes']) == ('input_size', 8)
    json.dumps(chapter.numbers, allow_nan=False)
    assert 'Advised size</dt><dd>64×64' in render('Data', [chapter]).replace('\n', '')


@pytest.mark.parametrize('advised, flat, said', [
    (1, 1, 'It is also the smallest size'), (1, 0, 'From 128×96 on'),
    (0, 1, 'up to 192×128, at 1.0 times the cost')])
def test_the_page_explains_the_difference(advised, flat, said, tiny_data):
    chapter = input_size(str(tiny_data / 'train.json'), None)
    assert said in render('Data', [chapter._replace(numbers=numbers(advised, flat))])
