"""Cells of tables, and facts."""
from fcos_mm.pages.table import facts, table

EVIL = '<script>"\'&</script>'


def test_cells_show_and_keep_numbers(read):
    root = read(table(['name', 'AP'], [[EVIL, 0.12345], ['b', None]], id='t')).root
    cells = [(''.join(cell.itertext()), cell.get('data-value')) for cell in root.iter('td')]
    assert cells == [(EVIL, None), ('0.123', '0.12345'), ('b', None), ('–', None)]
    assert [head.get('class') for head in root.iter('th')] == [None, 'number']


def test_a_table_sorts_and_filters_only_if_asked_to(read):
    plain = read(table(['a'], [[True]], id='t', sortable=False)).root
    assert not list(plain.iter('button')) and not list(plain.iter('input'))
    assert plain.findtext('.//td') == 'yes'
    assert [' aria-controls="t"' in table(['a'], [[1]] * rows, id='t', filterable=True)
            for rows in (10, 11)] == [False, True]


def test_small_numbers_have_the_decimals_of_the_others(read):
    cells = [*read(table(['B - A'], [[-5.27e-5], [-0.006]], id='t')).root.iter('td')]
    assert [(cell.text, cell.get('data-value')) for cell in cells] == [
        ('0.000', '-5.27e-05'), ('-0.006', '-0.006')]


def test_paths_break_between_their_names(read):
    cell = read(table(['a'], [['/work_dirs/my_model.pth']], id='t')).root.find('.//td')
    assert [*cell.itertext()] == ['/', 'work_', 'dirs/', 'my_', 'model.pth']


def test_a_table_without_rows_says_so(read):
    assert read(table(['a'], [], id='t')).root.findtext('p') == 'No rows.'


def test_facts_of_a_mapping_or_pairs(read):
    for given in ({EVIL: 0.5, 'b': None}, [(EVIL, 0.5), ('b', None)]):
        root = read(facts(given)).root
        assert [(pair[0].text, ''.join(pair[1].itertext())) for pair in root.iter('div')
                if pair.find('dt') is not None] == [(EVIL, '0.500'), ('b', '–')]
