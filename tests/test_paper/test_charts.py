"""From a measured table to its picture."""
import math

import pytest

from fcos_mm.analysis.figures.comparison import Compared
from fcos_mm.paper.charts import compared_rows, write_chart
from fcos_mm.paper.tables import TABLES, Row, Table

TABLE = Table('Table 0: cups', 'boxes', ('samples', 'AP'),
              (Row('blue', 'a', (1., 30.)), Row('red', 'b', (2., None)),
               Row('gray', 'c', (3., 4.))))


def test_rows_of_a_column():
    # Mean 12, sample deviation sqrt((4 + 0 + 4) / 2) = 2.
    measured = dict(blue=[{'AP': 10.}, {'AP': 12.}, {'AP': 14.}], red=[{'AP': 7., 'samples': 9.}],
                    gray=[{'AP': math.nan}])
    assert compared_rows(TABLE, measured, 'AP') == [
        Compared('blue', 12, 2, 30), Compared('red', 7, None, None),
        Compared('gray', None, None, 4)]


@pytest.mark.parametrize('name', TABLES)
def test_every_table_has_a_picture(name, tmp_path):
    table = TABLES[name]
    assert set(table.main) <= set(table.columns)
    write_chart(table, {}, str(tmp_path / 'a.png'))
    assert (tmp_path / 'a.png').read_bytes().startswith(b'\x89PNG')
