"""Tables as text, Markdown, JSON and charts: means, spreads, differences, conclusions."""
import math

import pytest

from fcos_mm.analysis.figures.comparison import Compared
from fcos_mm.paper.report import (
    as_json,
    as_markdown,
    as_text,
    cell,
    compared_rows,
    write_report,
)
from fcos_mm.paper.tables import TABLES, Order, Row, Table

TABLE = Table(
    'Table 0: cups', 'boxes', ('AP', 'AP50'),
    (Row('blue', 'a', (30.0, 50.0), ('C5', )), Row('red', 'b', (40.0, None), ('P5', ))),
    order=(Order('red', 'blue', 'AP'), Order('blue', 'red', 'AP50')), words=('level', ))
# blue: mean 12, deviations -2, 0, 2: sqrt((4 + 0 + 4) / 2) = 2. red: mean 15, sqrt(2 / 2) = 1.
MEASURED = {
    'blue': [{'AP': 10., 'AP50': 20.}, {'AP': 12., 'AP50': 30.}, {'AP': 14., 'AP50': math.nan}],
    'red': [{'AP': 14.}, {'AP': 15.}, {'AP': 16.}]}


def test_mean_and_sample_deviation():
    assert cell(MEASURED, 'blue', 'AP') == (12, 2, 3, 3)
    assert cell(MEASURED, 'red', 'AP') == (15, 1, 3, 3)


def test_nan_counts_as_not_measured():
    found = cell(MEASURED, 'blue', 'AP50')
    assert (found.mean, found.seeds, found.runs) == (25, 2, 3)
    assert found.spread == pytest.approx(math.sqrt(50))
    assert cell(MEASURED, 'red', 'AP50') is None


def test_one_seed_has_no_spread():
    assert cell({'blue': [{'AP': 7.}]}, 'blue', 'AP') == (7, None, 1, 1)


def test_markdown():
    lines = as_markdown(TABLE, MEASURED).splitlines()
    assert lines[0] == '| method | level |  | AP | AP50 |'
    assert lines[2] == '| blue | C5 | ours | 12.00 ± 2.00 | 25.00 ± 7.07 (2 of 3 seeds) |'
    assert lines[3] == '|  |  | paper | 30.00 | 50.00 |'
    assert lines[4] == '|  |  | difference | -18.00 | -25.00 |'
    assert lines[5] == '| red | P5 | ours | 15.00 ± 1.00 | not measured |'
    assert lines[6] == '|  |  | paper | 40.00 | - |'
    assert lines[7] == '|  |  | difference | -25.00 | - |'


def test_conclusions():
    # Standard error of the difference: sqrt(2^2 / 3 + 1^2 / 3) = 1.29.
    text = as_text(TABLE, MEASURED)
    assert '- red > blue in AP: yes (+3.00, standard error 1.29)' in text
    assert '- blue > red in AP50: not measured' in text
    reverse = {'blue': MEASURED['red'], 'red': MEASURED['blue']}
    assert '- red > blue in AP: no (-3.00' in as_text(TABLE, reverse)


def test_no_standard_error_with_a_single_seed():
    text = as_text(TABLE, {**MEASURED, 'blue': [{'AP': 10.}, {}, {'AP': None}]})
    assert '10.00 (1 of 3 seeds)' in text
    assert '- red > blue in AP: yes (+5.00, standard error unknown: one of them' in text


def test_a_count_on_annotations_needs_no_seeds():
    text = as_text(TABLE, {**MEASURED, 'blue': [{'AP': 10.}]})
    assert text.splitlines()[-2] == '- red > blue in AP: yes (+5.00)'


def test_what_the_paper_does_not_tell_stands_apart():
    more = TABLE._replace(order=(*TABLE.order, Order('red', 'blue', 'AP', of_paper=False)))
    before, _, after = as_text(more, MEASURED).partition('\n\nFurther comparisons:\n- ')
    assert before.count('red > blue in AP:') == after.count('red > blue in AP:') == 1
    assert 'Further' not in as_text(TABLE, MEASURED)


def test_nothing_measured():
    assert as_text(TABLE, {}).count('not measured') == 4 + 2


def test_json():
    content = as_json(TABLE, MEASURED)
    blue = content['rows'][0]
    assert blue['level'] == 'C5'
    assert blue['figures']['AP'] == dict(ours=12, spread=2, seeds=3, paper=30, difference=-18)
    assert content['rows'][1]['figures']['AP50'] == dict(
        ours=None, spread=None, seeds=0, paper=None, difference=None)
    assert content['order'][0]['holds'] is True


@pytest.mark.parametrize('name', TABLES)
def test_shipped_tables_are_consistent(name):
    table = TABLES[name]
    labels = {row.label for row in table.rows}
    for row in table.rows:
        assert len(row.paper) == len(table.columns), row.label
        assert len(row.words) == len(table.words), row.label
    for order in table.order:
        assert {order.better, order.worse} <= labels and order.column in table.columns
        better, worse = (
            next(row.paper for row in table.rows if row.label == label)
            for label in (order.better, order.worse))
        place = table.columns.index(order.column)
        assert order.of_paper == (better[place] is not None and worse[place] is not None)
        if order.of_paper:
            assert better[place] > worse[place], 'the paper itself says otherwise'


def test_rows_of_the_chart():
    assert compared_rows(TABLE, MEASURED, 'AP') == [
        Compared('blue', 12, 2, 30), Compared('red', 15, 1, 40)]
    assert compared_rows(TABLE, {'blue': [{'AP': math.nan}], 'red': [{'AP': 7.}]}, 'AP') == [
        Compared('blue', None, None, 30), Compared('red', 7, None, 40)]


@pytest.mark.parametrize('name', TABLES)
def test_files(name, tmp_path):
    table = TABLES[name]
    assert set(table.main) <= set(table.columns)
    text = write_report(table, {}, ['a note'], tmp_path / 'new')
    assert (tmp_path / 'new.txt').read_text() == text + '\n' and text.endswith('\n\na note')
    assert (tmp_path / 'new.png').read_bytes().startswith(b'\x89PNG')
    assert {path.suffix for path in tmp_path.iterdir()} == {'.txt', '.md', '.json', '.png'}
