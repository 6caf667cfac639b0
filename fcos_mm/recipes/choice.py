"""A setting that was chosen, and why."""
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fcos_mm.faults import first_few

_WIDEST = 40  # characters of a value beside which reasons stay aligned


class Choice(NamedTuple):
    """A setting with the reason for it, in one line."""
    name: str
    value: object
    reason: str
    settings: dict | None = None  # of the config, where they are not ``name = value``

    @property
    def in_config(self) -> dict:
        """The settings of the config."""
        return {self.name: self.value} if self.settings is None else self.settings


def show(choices: Sequence[Choice]) -> None:
    """Print a table on a terminal, and a plain line for each choice elsewhere."""
    rows = [(choice.name, _text(choice.value), choice.reason) for choice in choices]
    if sys.stdout.isatty():
        table = Table('setting', 'value', 'why', box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        Console(markup=False).print(table)
        return
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, value, reason in rows:
        print(f'{name:{name_width}}  {value:{min(value_width, _WIDEST)}}  {reason}')


def _text(value: object) -> str:
    match value:
        case (int(width), int(height)):
            return f'{width} x {height}'
        case [str(), *_]:
            return first_few(value)
        case [(_, _), *_]:  # regress ranges
            return ', '.join(f'{low:g}-' + ('' if high is None else f'{high:g}')
                             for low, high in value)
    return str(value)
