"""A whole page: its text, and what a browser makes of it."""
import json
import re

import pytest
from jinja2 import DictLoader

from fcos_mm.errors import UserError
from fcos_mm.pages import page
from fcos_mm.pages.chapter import Chapter
from fcos_mm.version import __version__

EVIL = '<script>throw 1</script>'
ALL = '''
<p>What there is.</p>
{{ facts(numbers.facts) }}
{{ line_chart(numbers.lines, title='Lines', x='x', y='y') }}
{{ bar_chart(numbers.names, numbers.bars, title='Bars', x='x', y='y') }}
{{ bar_chart(numbers.names[:3], numbers.bars, title='Few bars', x='x', y='y') }}
{{ histogram([0, 1, 2], [3, 4], title='Bins', x='x', y='y') }}
{{ density([0, 1], [0, 1], [[3]], title='Density', x='x', y='y', diagonal=True) }}
{{ heat_map(numbers.names, numbers.names, numbers.cells, title='Cells', x='x', y='y') }}
{{ table(['name', 'AP', 'a long name of a column ' * 3], numbers.rows, id='rows',
         filterable=True) }}
{{ gallery(numbers.pictures) }}
'''
AGAIN = '{{ gallery(numbers.pictures) }}'
NAMES = [EVIL, 'averylongnamewithoutanyplacetobreakit' * 3, *(f'class {i}' for i in range(78))]
LOOK = '''
    const column = i => Array.from(document.querySelectorAll('#rows tbody tr'), row =>
      row.cells[i].textContent).filter(text => !['z', '20'].includes(text));
    const heads = document.querySelectorAll('#rows th');
    const orders = [];
    for (const i of [1, 1, 0]) {
      heads[i].querySelector('button').click();
      orders.push([column(i), heads[i].getAttribute('aria-sort')]);
    }
    const field = document.querySelector('.filter');
    field.value = 'TEN';
    field.dispatchEvent(new Event('input'));
    const button = document.querySelector('.card > button');
    button.click();
    return {
      orders, width: [innerWidth, document.documentElement.scrollWidth],
      kept: Array.from(document.querySelectorAll('#rows tbody tr:not([hidden])'),
                       row => row.cells[0].textContent),
      unmarked: Array.from(document.querySelectorAll('.chart'), chart => chart.querySelector(
        '.mark') ? '' : chart.querySelector('figcaption').textContent).filter(Boolean),
      enlarged: document.querySelectorAll('[popover]:popover-open').length,
      chapters: Array.from(document.querySelectorAll('.chapters'), part => part.offsetWidth > 0),
    };
'''


@pytest.fixture(scope='module')
def templates():
    """Templates named ``test/...``."""
    mapping = page._environment().loader.mapping
    mapping['test'] = DictLoader({'all.html': ALL, 'again.html': AGAIN})
    yield
    del mapping['test']


@pytest.fixture(scope='module')
def chapters(tiny_data, templates):
    box = dict(box=[8, 12, 24, 30], label=EVIL, kind='wrong')
    picture = dict(path=str(tiny_data / 'images' / 'val_1.png'), width=64, height=48,
                   caption=EVIL, panels=[dict(title='one', boxes=[box]),
                                         dict(title='two', boxes=[box] * 20)])
    values = [index / 100 for index in range(80)]
    pictures = [picture, {**picture, 'path': 'nowhere.jpg'}]
    numbers = dict(
        names=NAMES, facts={EVIL: 0.5, 'long': NAMES[1]}, pictures=pictures,
        lines=[dict(name=EVIL, x=values, y=values)], bars=[dict(name='AP', y=values)],
        cells=[[float(i == j) for j in range(80)] for i in range(80)],
        rows=[['ten', 10, EVIL], ['nine', 9.5, NAMES[1]], ['none', None, ''], ['two', -2, ''],
              *(['z', 20, ''] for _ in range(8))])
    return [Chapter('everything', 'Everything', numbers, 'test/all.html'),
            Chapter('again', EVIL, dict(pictures=pictures), 'test/again.html')]


@pytest.fixture(scope='module')
def seen(browser, chapters, tmp_path_factory):
    """The page in a browser, as wide as a desktop and as a phone."""
    path = tmp_path_factory.mktemp('page') / 'page.html'
    page.write_page(path, EVIL, chapters)
    return browser.look(path, LOOK, widths=(1280, 390))


def test_a_page_asks_for_nothing_and_reports_no_error(seen):
    assert seen.console == [] and seen.requests == []


@pytest.mark.parametrize('width', [1280, 390])
def test_a_page_is_as_wide_as_the_screen(seen, width):
    assert seen.results[width]['width'] == [width, width]


def test_every_chart_shows_data(seen):
    assert seen.dom.count('class="chart') == 6 and seen.results[1280]['unmarked'] == []


def test_a_click_sorts_by_number_or_text_with_unknown_values_last(seen):
    assert seen.results[1280]['orders'] == [
        [['-2', '9.500', '10', '–'], 'ascending'], [['10', '9.500', '-2', '–'], 'descending'],
        [['nine', 'none', 'ten', 'two'], 'ascending']]


def test_a_field_filters_rows(seen):
    assert seen.results[1280]['kept'] == ['ten']


def test_a_click_enlarges_a_picture(seen):
    assert seen.results[1280]['enlarged'] == seen.results[390]['enlarged'] == 1


def test_chapters_are_listed_in_the_way_that_suits_the_width(seen):
    assert seen.results[1280]['chapters'] == [False, True]
    assert seen.results[390]['chapters'] == [True, False]


def test_no_other_script_runs(browser, chapters, tmp_path):
    text = page.render('Title', chapters)
    (tmp_path / 'a.html').write_text(text.replace('</h1>', '</h1><script>window.bad = 1</script>'))
    seen = browser.look(tmp_path / 'a.html', 'return window.bad || 0')
    assert seen.results == {1280: 0}
    assert any('Content Security Policy' in line for line in seen.console)


def test_a_browser_tells_errors_and_requests(browser, tmp_path):
    (tmp_path / 'bad.html').write_text('<img src="https://example.org/x.png"><script>f()</script>')
    seen = browser.look(tmp_path / 'bad.html', 'return 3 + 4')
    assert seen.results == {1280: 7} and seen.requests == ['https://example.org/x.png']
    assert [('f is not defined' in line) for line in seen.console] == [True]


def test_page_and_json_are_written_together(chapters, tmp_path):
    odd = 'undecodable \udcff'  # as in names of files that are not UTF-8
    path = tmp_path / 'new' / 'a.html'
    page.write_page(path, odd, chapters)
    text, content = path.read_text(), json.loads(path.with_suffix('.json').read_text())
    assert content['title'] == 'undecodable ?' and '<h1>undecodable ?</h1>' in text
    assert content['everything']['rows'][1][:2] == ['nine', 9.5]


def test_a_page_that_cannot_be_written(chapters, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='(?s)file/a.html cannot be written: .*another path'):
        page.write_page(tmp_path / 'file' / 'a.html', 'Title', chapters)


def test_numbers_of_other_chapters_can_be_kept(chapters, tmp_path):
    page.write_page(tmp_path / 'a.html', 'Title', chapters, chapters[1:])
    assert list(json.loads((tmp_path / 'a.json').read_text())) == ['title', 'again']


def test_a_page_names_its_chapters_and_its_making(chapters):
    text = page.render(EVIL, chapters)
    assert text.count('<a href="#everything">Everything</a>') == 2
    assert text.count('<script>') == 1 and text.count('data:image/jpeg') == 1
    assert f'by fcos_mm {__version__}.' in text
    assert re.search(r'Made on\s<time datetime="[\d-]+T[\d:]+">[\d-]+ [\d:]+</time>', text)
    assert re.findall(r'(?:href|src)="(?!#|data:)[^"]*"', text) == []
