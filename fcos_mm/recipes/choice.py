"""A setting that was chosen, and why."""
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Choice(NamedTuple):
    """A setting with the reason for it, in one line."""
    name: str
    value: object
    reason: str


def show(choices: Sequence[Choice]) -> None:
    """Print a table on a terminal, and a plain line for each choice elsewhere."""
    rows = [(choice.name, str(choice.value), choice.reason) for choice in choices]
    if sys.stdout.isatty():
        table = Table('setting', 'value', 'why', box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        Console().print(table, markup=False)
        return
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, reason in rows:
        print(f'{name:{name_width}}  {value:{min(value_width, 40)}}  {reason}')
