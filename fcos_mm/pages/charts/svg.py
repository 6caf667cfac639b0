"""Parts of charts, and the figure that holds one."""
from collections.abc import Sequence

from markupsafe import Markup

from fcos_mm.pages.elements import element, join, short

#: Series after these begin again at the first colour, with another dash style.
COLOURS = 7
_LEGEND = 3 * COLOURS  # series up to which there is a legend
#: A line of an entry in a legend, in the colour and dash style of its class.
SAMPLE = element('svg', element('path', d='M0 4h24'), viewBox='0 0 24 8', aria_hidden='true')


def text(content: object, x: float, y: float, **attributes: object) -> Markup:
    """A text whose baseline begins at (x, y)."""
    return element('text', content, x=x, y=y, **attributes)


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """The path data of a rectangle."""
    return f'M{short(x)} {short(y)}h{short(width)}v{short(height)}h{short(-width)}z'


def mark(data: str, tooltip: str, **attributes: object) -> Markup:
    """A path that draws a datum, with its tooltip."""
    attributes['class'] = f'mark {attributes.pop("class_", "")}'.rstrip()
    return element('path', element('title', tooltip), d=data, **attributes)


def colour_class(index: int) -> str:
    """The CSS classes of the colour and dash style of a series."""
    return f'c{index % COLOURS}' + (f' d{index // COLOURS % 3}' if index >= COLOURS else '')


def figure(title: str, drawn: Markup, width: float, height: float, *,
           names: Sequence[str] = (), dashed: Sequence[int] = (), note: str = '',
           wide: bool = False) -> Markup:
    """A chart with its title and legend.

    Args:
        title: What it shows.
        drawn: The elements of the drawing.
        width: Of the drawing, in units of its own.
        height: Of the drawing.
        names: Of the series, for the legend; the classes of :func:`colour_class` colour them.
        dashed: Places of the series that are drawn dashed.
        note: A remark below it.
        wide: Whether it takes the whole width of the page.
    """
    kind = ' wide' * wide + ' many' * (len(names) > _LEGEND)
    drawing = element('svg', drawn, viewBox=f'0 0 {short(width)} {short(height)}', role='img',
                      aria_label=title)
    return element('figure', join([element('figcaption', title), _legend(names, dashed), drawing,
                                   element('p', note, class_='note') if note else Markup('')]),
                   class_=f'chart{kind}')


def nothing_to_draw(title: str) -> Markup:
    """What stands in place of a chart without data."""
    return element('figure', join([element('figcaption', title),
                                   element('p', 'Nothing to draw: there is no data.',
                                           class_='note')]), class_='chart empty')


def _legend(names: Sequence[str], dashed: Sequence[int]) -> Markup:
    if len(names) > _LEGEND:
        return element('p', f'{len(names)} series: point at one for its name.', class_='note')
    entries = join(
        element('li', SAMPLE + name, class_=colour_class(index) + ' dashed' * (index in dashed))
        for index, name in enumerate(names))
    return element('ul', entries, class_='legend') if len(names) > 1 else Markup('')
