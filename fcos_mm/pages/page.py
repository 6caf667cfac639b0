"""Render chapters as one HTML file, which needs no other file and no network, and as JSON."""
import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fcos_mm.atomic_file import replaced
from fcos_mm.pages.album import Album
from fcos_mm.pages.chapter import Chapter
from fcos_mm.pages.charts.bars import bar_chart
from fcos_mm.pages.charts.density import density
from fcos_mm.pages.charts.heat_map import heat_map
from fcos_mm.pages.charts.histogram import histogram
from fcos_mm.pages.charts.lines import line_chart
from fcos_mm.pages.gallery import gallery
from fcos_mm.pages.numbers import number
from fcos_mm.pages.table import facts, table
from fcos_mm.version import __version__

_PACKAGES = ('pages', 'report', 'data_report', 'browse')


def render(title: str, chapters: Sequence[Chapter]) -> str:
    """Return the HTML text of a page.

    Args:
        title: Its heading.
        chapters: In their order.
    """
    album, environment = Album(), _environment()
    script, _, _ = environment.loader.get_source(environment, 'pages/page.js')
    return environment.get_template('pages/page.html').render(
        title=title, chapters=chapters, album=album, gallery=partial(gallery, album=album),
        script=Markup(script), script_hash=_hash(script), made=datetime.now())


def as_json(title: str, chapters: Sequence[Chapter]) -> str:
    """Return the numbers of all chapters by key, and the title, as JSON text."""
    return json.dumps({'title': title, **{chapter.key: chapter.numbers for chapter in chapters}},
                      allow_nan=False, ensure_ascii=False, indent=1)


def write_page(path: str | Path, title: str, chapters: Sequence[Chapter],
               kept: Sequence[Chapter] | None = None) -> None:
    """Write a page and, beside it, its numbers with the suffix ``.json``.

    Args:
        path: The page; its folder is made if it is not there.
        title: Its heading.
        chapters: In their order.
        kept: Chapters with the numbers to write; None: the same.

    Raises:
        UserError: If a file cannot be written.
    """
    _write(render(title, chapters), Path(path))
    _write(as_json(title, chapters if kept is None else kept), Path(path).with_suffix('.json'))


def _write(text: str, path: Path) -> None:
    """Write a text, with a question mark for what UTF-8 cannot hold: bytes of odd file names."""
    with replaced(path, '\nUse another path.') as unfinished:
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding='utf-8', errors='replace')


def _hash(script: str) -> str:
    """A script as a content security policy names it, which then allows no other."""
    return f'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PrefixLoader({name: PackageLoader(f'fcos_mm.{name}') for name in _PACKAGES}),
        autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True)
    environment.globals.update(
        line_chart=line_chart, bar_chart=bar_chart, histogram=histogram, heat_map=heat_map,
        density=density, table=table, facts=facts, number=number, version=__version__)
    return environment
