"""Galleries: pictures with their boxes, which a click enlarges."""
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from fcos_mm.pages.album import Album, Picture
from fcos_mm.pages.charts.svg import rectangle, text
from fcos_mm.pages.elements import element, join

#: The kinds of boxes, and what the legend calls them.
KINDS = {'truth': 'annotated', 'right': 'right detection', 'wrong': 'wrong detection',
         'missed': 'missed', 'other': 'other'}
_FEW = 8  # boxes of a panel whose labels are legible in the small picture
_SAMPLE = element('svg', element('path', d='M0 4h30'), viewBox='0 0 30 8', aria_hidden='true')


def gallery(pictures: Sequence[Mapping], album: Album) -> Markup:
    """Draw pictures with boxes.

    Args:
        pictures: Each with ``path``, ``width``, ``height``, ``caption`` and ``panels``: views
            of the picture beside each other, each with ``title`` and ``boxes``. A box has ``box``
            (x0, y0, x1, y1) in pixels of the picture, ``label``, ``kind``, a key of
            :data:`KINDS`, and perhaps ``points``, a list of (x, y).
        album: The pictures of the page.
    """
    if not pictures:
        return element('p', 'No pictures.', class_='note')
    used = {box['kind'] for picture in pictures for panel in picture['panels']
            for box in panel['boxes']}
    legend = join(element('li', _SAMPLE + name, class_=f'box-{kind}')
                  for kind, name in KINDS.items() if kind in used)
    return element('ul', legend, class_='legend boxes') + element(
        'div', join(_card(picture, album) for picture in pictures), class_='gallery')


def _card(picture: Mapping, album: Album) -> Markup:
    """A picture in small, and the same enlarged, which refers to the small one's drawing."""
    found = album.picture(picture['path'])
    width, height = found[2:] if found else (picture['width'], picture['height'])
    ids = [album.new_id() for _ in picture['panels']]
    drawings = [element('g', _drawing(panel, found, width, height), id=id)
                for id, panel in zip(ids, picture['panels'])]
    references = [element('use', href=f'#{id}') for id in ids]
    small, large = (join(_panel(panel, drawing, width, height) for panel, drawing in
                         zip(picture['panels'], drawn)) for drawn in (drawings, references))
    caption, popover = picture['caption'], f'{ids[0]}-large'
    button = element('button', element('span', small, class_='panels'), type='button',
                     popovertarget=popover, aria_label=f'Enlarge {caption}')
    close = element('button', '×', type='button', class_='close', popovertarget=popover,
                    popovertargetaction='hide', aria_label='Close')
    enlarged = element('div', close + element('p', caption)
                       + element('div', large, class_='panels'), popover='', id=popover)
    style = f'--panels:{len(ids)};--side:{max(width, height)}px'
    return element('figure', button + element('figcaption', caption) + enlarged, class_='card',
                   style=style)


def _panel(panel: Mapping, drawing: Markup, width: int, height: int) -> Markup:
    title = element('span', panel['title'], class_='title') if panel['title'] else Markup('')
    return element('span', title + element('svg', drawing, viewBox=f'0 0 {width} {height}'),
                   class_='panel')


def _drawing(panel: Mapping, found: Picture | None, width: int, height: int) -> Markup:
    boxes = panel['boxes']
    group = element('g', join(_box(box, width, height) for box in boxes),
                    class_='many' if len(boxes) > _FEW else None)
    shadow = element('path', d=''.join(_outline(box['box']) for box in boxes), class_='shadow')
    if found:
        return element('use', href=f'#{found.id}') + shadow + group
    return (element('rect', width=width, height=height, class_='missing') + shadow + group
            + text('file not found', width / 2, height / 2, class_='missing'))


def _box(box: Mapping, width: int, height: int) -> Markup:
    x0, y0, x1, _ = box['box']
    kind = f'box-{box["kind"]}'
    label = Markup('')
    if box['label']:
        on_the_right = x0 > 0.7 * width
        label = text(box['label'], float(min(x1, width) if on_the_right else max(x0, 0)),
                     float(max(y0, 0)), class_='end' if on_the_right else None,
                     dy='1.05em' if y0 < 0.06 * height else '-0.35em')
    points = ''.join(f'M{x:.1f} {y:.1f}h0' for x, y in box.get('points') or ())
    return element('g', join([
        element('path', element('title', f'{KINDS[box["kind"]]}: {box["label"]}'),
                d=_outline(box['box'])),
        element('path', d=points, class_='points') if points else Markup(''), label]), class_=kind)


def _outline(box: Sequence[float]) -> str:
    x0, y0, x1, y1 = map(float, box)
    return rectangle(x0, y0, x1 - x0, y1 - y0)
