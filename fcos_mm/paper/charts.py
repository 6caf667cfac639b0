"""The picture of a table: its main columns as bars, ours beside the paper's."""

from fcos_mm.analysis.figures.comparison import Compared, draw_comparison
from fcos_mm.paper.report import Measured, cell
from fcos_mm.paper.tables import Table


def write_chart(table: Table, measured: Measured, out_file: str) -> None:
    """Draw the main columns of a table.

    Args:
        table: The table.
        measured: Its figures.
        out_file: The picture to write.

    Raises:
        UserError: If the picture cannot be written.
    """
    columns = {column: compared_rows(table, measured, column) for column in table.main}
    draw_comparison(columns, out_file, title=table.title)


def compared_rows(table: Table, measured: Measured, column: str) -> list[Compared]:
    """The rows of a table in one column.

    Args:
        table: The table.
        measured: Its figures.
        column: Name of the column.
    """
    place, rows = table.columns.index(column), []
    for row in table.rows:
        ours = cell(measured, row.label, column)
        rows.append(Compared(
            label=row.label,
            ours=None if ours is None else ours.mean,
            spread=None if ours is None else ours.spread,
            paper=row.paper[place]))
    return rows
