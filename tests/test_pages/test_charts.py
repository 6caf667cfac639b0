"""Where charts draw their data. The area of the data: x from 58 to 448, y from 246 up to 10."""
import re

import pytest

from fcos_mm.pages.charts.bars import bar_chart
from fcos_mm.pages.charts.density import density
from fcos_mm.pages.charts.heat_map import heat_map
from fcos_mm.pages.charts.histogram import histogram
from fcos_mm.pages.charts.lines import line_chart, thin_out

AXES = dict(title='Title', x='x', y='y')
EVIL = '<script>"\'&</script>'


def line(*points, name='a', **options):
    return dict(name=name, x=[x for x, _ in points], y=[y for _, y in points], **options)


def numbers(path):
    return [float(number) for number in re.findall(r'-?[\d.]+', path)]


def test_a_line_runs_through_its_points(read):
    chart = read(line_chart([line((0, 0), (5, 1), (10, 0.5))], **AXES))
    assert chart.paths == ['M58.0 246.0L253.0 10.0L448.0 128.0']
    assert chart.tooltips == ['a: 0 to 1']


@pytest.mark.parametrize('unknown', [None, float('nan'), float('inf')])
def test_an_unknown_value_interrupts_a_line(read, unknown):
    chart = read(line_chart([line((0, 0), (1, 1), (2, unknown), (3, 1), (4, 0))], **AXES))
    assert chart.paths == ['M58.0 246.0L155.5 10.0M350.5 10.0L448.0 246.0']


def test_ranges_are_kept(read):
    chart = read(line_chart([line((0, 0.5), (1, 0.5))], x_range=(0, 2), y_range=(0, 1), **AXES))
    assert chart.paths == ['M58.0 128.0L253.0 128.0']


def test_a_logarithmic_axis_leaves_out_what_is_not_above_zero(read):
    chart = read(line_chart([line((0, 1), (1, 0), (10, 1), (100, 0))], log_x=True, **AXES))
    assert chart.paths == ['M58.0 246.0L253.0 10.0L448.0 246.0']


def test_series_without_values_have_no_mark_and_keep_their_colours(read):
    chart = read(line_chart([line((0, None)), line((0, 1), (1, 2), name='b', dashed=True)],
                            **AXES))
    assert [mark.get('class') for mark in chart.marks] == ['mark line c1 dashed']
    assert chart.legend == ['a', 'b']
    assert chart.root.findall('.//li')[1].get('class') == 'c1 dashed'


def test_a_single_point_is_a_dot(read):
    dots = read(line_chart([line((3, 4))], **AXES)).with_class('dot')
    assert [(dot.get('cx'), dot.get('cy')) for dot in dots] == [('253', '128')]
    assert dots[0].findtext('title') == 'a: 4 at 3'


def test_vertical_lines_are_labelled(read):
    marks = [dict(x=2.5, label='best'), dict(x=None, label='none')]
    chart = read(line_chart([line((0, 0), (10, 1))], marks=marks, **AXES))
    assert [part.get('d') for part in chart.with_class('vertical')] == ['M155.5 10V246']
    assert 'best' in chart.texts and 'none' not in chart.texts


def test_labels_of_near_lines_stand_below_each_other(read):
    marks = [dict(x=0.23, label='A'), dict(x=0.25, label='B')]
    chart = read(line_chart([line((0, 0), (1, 1))], marks=marks, **AXES))
    assert [part.get('y') for part in chart.with_class('outlined')] == ['21', '35']


def test_thinning_out_keeps_ends_and_extremes():
    points = [(x, (x * 37) % 1000) for x in range(10_000)]
    points[4321], points[8765] = (4321, -5), (8765, 5000)
    thin = thin_out(points, 300)
    assert len(thin) <= 300 and thin == sorted(thin)
    assert {points[0], points[4321], points[8765], points[-1]} <= set(thin) <= set(points)
    assert thin_out(points[:300], 300) == points[:300]


def test_many_series_have_no_legend(read):
    chart = read(line_chart([line((0, 0), (1, index), name=str(index)) for index in range(80)],
                            **AXES))
    assert len(chart.marks) == 80 and chart.legend == []
    assert len({mark.get('class') for mark in chart.marks[:21]}) == 21


def test_bars_are_as_high_as_their_values(read):
    chart = read(bar_chart(['s', 'm', 'l'], [dict(name='AP', y=[0.5, None, 1.0])],
                           y_range=(0, 1), **AXES))
    # 3 slots of 130, bars of 48; 224 from 0 to 1
    assert [numbers(path) for path in chart.paths] == [
        [99, 134, 48, 112, -48], [359, 22, 48, 224, -48]]
    assert chart.tooltips == ['s: 0.500', 'l: 1.000']
    assert chart.texts.count('–') == 1


def test_bars_of_several_series_stand_beside_each_other(read):
    series = [dict(name='a', y=[1]), dict(name='b', y=[-1])]
    chart = read(bar_chart(['n'], series, y_range=(-1, 1), **AXES))
    assert [numbers(path) for path in chart.paths] == [
        [205, 22, 48, 112, -48], [253, 134, 48, 112, -48]]
    assert chart.tooltips == ['n, a: 1', 'n, b: -1'] and chart.legend == ['a', 'b']


@pytest.mark.parametrize('names', [[f'class {index}' for index in range(80)],
                                   ['a name of more letters than fit below a bar ' * 3] * 4])
def test_bars_with_many_or_long_names_lie(read, names):
    values = [index / len(names) for index in range(1, len(names) + 1)]
    chart = read(bar_chart(names, [dict(name='AP', y=values)], **AXES))
    boxes = [numbers(path) for path in chart.paths]
    assert len({left for left, *_ in boxes}) == 1
    assert boxes[-1][2] == pytest.approx(2 * boxes[len(names) // 2 - 1][2], abs=0.1)
    assert max(len(text or '') for text in chart.texts) < 30


def test_bins_of_a_histogram(read):
    chart = read(histogram([0, 1, 2, 4], [10, 0, 5], **AXES))
    assert [numbers(path) for path in chart.paths] == [
        [58, 10, 97.5, 236, -97.5], [253, 128, 195, 118, -195]]
    assert chart.tooltips == ['0 to 1: 10', '2 to 4: 5']


def test_several_histograms_are_outlines(read):
    series = [dict(name='a', counts=[1, 2]), dict(name='b', counts=[2, 0])]
    chart = read(histogram([0, 1, 2], series, **AXES))
    assert chart.paths == ['M58.0 246.0V128.0H253.0V10.0H448.0V246.0',
                           'M58.0 246.0V10.0H253.0V246.0H448.0V246.0']
    assert chart.tooltips == ['a: 3', 'b: 2'] and chart.legend == ['a', 'b']


def test_a_histogram_with_a_logarithmic_axis(read):
    chart = read(histogram([1, 10, 100], [1, 1], log_x=True, **AXES))
    assert [numbers(path)[2] for path in chart.paths] == [195, 195]


def test_cells_of_a_heat_map(read):
    chart = read(heat_map(['p', 'q'], ['r', 's'], [[1, 0], [None, 0.5]],
                          texts=[[30, 0], [0, 15]], **AXES))
    assert [mark.get('fill-opacity') for mark in chart.marks] == ['1.00', '0.53']
    assert chart.tooltips == ['y: p, x: r: 30 (1)', 'y: q, x: s: 15 (0.500)']
    first, second = (numbers(path) for path in chart.paths)
    assert (second[0] - first[0], second[1] - first[1]) == (64, 64)
    assert [text for text in chart.texts if text in ('30', '0', '15')] == ['30', '15']


def test_cells_of_zeros_are_drawn_where_they_are_the_text(read):
    assert read(heat_map(['p'], ['r', 's', 't'], [[0., None, 1e-5]], **AXES)).tooltips == [
        'y: p, x: r: 0.000', 'y: p, x: t: 0.000']
    assert not read(heat_map(['p'], ['r'], [[0]], texts=[[0]], **AXES)).marks


def test_values_of_bars_do_not_touch_each_other(read):
    """Three groups of three have room for three decimals, four have not."""
    series = [dict(name=name, y=[0., 0., 0., 0.]) for name in 'abc']
    shown = [read(bar_chart(names, [dict(line, y=line['y'][:len(names)]) for line in series],
                            y_range=(0, 1), **AXES)).texts.count('0.000')
             for names in ('pqr', 'pqrs')]
    assert shown == [9, 0]


def test_a_large_heat_map_says_its_numbers_in_tooltips(read):
    names = [f'class {index}' for index in range(80)]
    values = [[float(i == j) for j in range(80)] for i in range(80)]
    chart = read(heat_map(names, names, values, **AXES))
    assert len(chart.marks) == 80 and len(chart.texts) == 2 * 80 + 2
    assert chart.tooltips[79] == 'y: class 79, x: class 79: 1.000'
    assert 'wide' in chart.root[0].get('class')


def test_cells_of_a_density(read):
    chart = read(density([0, 1, 2], [0, 0.5, 1], [[0, 3], [1, 0]], diagonal=True, **AXES))
    assert [numbers(path) for path in chart.paths] == [
        [58, 10, 195, 118, -195], [253, 128, 195, 118, -195]]
    # log(4) and log(2): half of the way
    assert [mark.get('fill-opacity') for mark in chart.marks] == ['1.00', '0.54']
    assert chart.tooltips[0] == '3: x 0 to 1, y 0.500 to 1'
    assert [part.get('d') for part in chart.with_class('vertical')] == ['M58.0 246.0L253.0 10.0']


CHARTS = {
    'lines': lambda names, value: line_chart(
        [line((0, value), (1, value), name=name) for name in names],
        marks=[dict(x=0.5, label=EVIL)] if names else (), title=EVIL, x=EVIL, y=EVIL),
    'standing bars': lambda names, value: bar_chart(
        names, [dict(name=EVIL, y=[value] * len(names))], title=EVIL, x=EVIL, y=EVIL),
    'lying bars': lambda names, value: bar_chart(
        names, [dict(name=EVIL, y=[value] * len(names))] * 2, horizontal=True, title=EVIL,
        x=EVIL, y=EVIL),
    'histogram': lambda names, value: histogram(
        [0, 1], [dict(name=name, counts=[value or 0]) for name in names], title=EVIL, x=EVIL,
        y=EVIL),
    'heat map': lambda names, value: heat_map(
        names, names, [[value] * len(names)] * len(names),
        texts=[[EVIL] * len(names)] * len(names), title=EVIL, x=EVIL, y=EVIL),
    'density': lambda names, value: density(
        [0, 1], [0, 1], [[value or 0]], title=EVIL, x=EVIL, y=EVIL),
}


@pytest.mark.parametrize('kind', CHARTS)
def test_names_are_escaped(read, kind):
    chart = read(CHARTS[kind]([EVIL, EVIL + '2'], 1))
    assert chart.marks and next(chart.root.iter('script'), None) is None
    assert chart.root.findtext('.//figcaption') == EVIL == chart.root.find(
        './/svg[@role]').get('aria-label')


@pytest.mark.parametrize('kind', CHARTS)
@pytest.mark.parametrize('names, value', [([], 1), (['a'], None)])
def test_without_data_there_is_nothing_to_draw(read, kind, names, value):
    if kind == 'density' and value:
        return
    chart = read(CHARTS[kind](names, value))
    assert not chart.marks and chart.root.find('.//svg') is None
    assert chart.root.findtext('.//p') == 'Nothing to draw: there is no data.'
