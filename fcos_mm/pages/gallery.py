"""Galleries: pictures with their boxes, which a click enlarges."""
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from fcos_mm.pages.album import Album, placeholder
from fcos_mm.pages.charts.svg import SAMPLE, rectangle, text
from fcos_mm.pages.elements import element, join

#: The kinds of boxes, and what the legend calls them.
KINDS = {'truth': 'annotated', 'right': 'right detection', 'wrong': 'wrong detection',
         'doubtful': 'in question', 'missed': 'missed', 'other': 'other',
         'place': 'position of an invisible box'}
_FEW = 8  # boxes of a panel whose labels are legible in the small picture


def gallery(pictures: Sequence[Mapping], album: Album) -> Markup:
    """Draw pictures with boxes.

    Args:
        pictures: Each with ``path``, ``width``, ``height``, ``caption`` and ``panels``: views
            of the picture beside each other, each with ``title``, ``boxes`` and, where it shows
            another file, ``path``. A box has ``box`` (x0, y0, x1, y1) in pixels of the file as it
            is loaded for training, ``label`` and ``kind``, a key of :data:`KINDS`. ``width`` and
            ``height`` count where there is no file.
        album: The pictures of the page.
    """
    if not pictures:
        return element('p', 'No pictures.', class_='note')
    used = {box['kind'] for picture in pictures for panel in picture['panels']
            for box in panel['boxes']}
    legend = join(element('li', SAMPLE + name, class_=f'box-{kind}')
                  for kind, name in KINDS.items() if kind in used)
    panels = max(len(picture['panels']) for picture in pictures)
    return element('ul', legend, class_='legend boxes') + element(
        'div', join(_card(picture, album) for picture in pictures), class_='gallery',
        style=f'--panels:{panels}')


def _card(picture: Mapping, album: Album) -> Markup:
    """A picture in small, and the same enlarged, which refers to the small one's drawing."""
    small, large, ids = [], [], []
    for panel in picture['panels']:
        drawing, width, height = _drawing(panel, picture, album)
        ids.append(album.new_id())
        small.append(_panel(panel, element('g', drawing, id=ids[-1], class_='drawing'), width,
                            height))
        large.append(_panel(panel, element('use', href=f'#{ids[-1]}'), width, height))
    caption, popover = picture['caption'], f'{ids[0]}-large'
    button = element('button', element('span', join(small), class_='panels'), type='button',
                     popovertarget=popover, aria_label=f'Enlarge {caption}')
    close = element('button', '×', type='button', class_='close', popovertarget=popover,
                    popovertargetaction='hide', aria_label='Close')
    enlarged = element('div', close + element('p', caption)
                       + element('div', join(large), class_='panels'), popover='', id=popover)
    return element('figure', button + element('figcaption', caption) + enlarged, class_='card',
                   style=f'--panels:{len(ids)}')


def _panel(panel: Mapping, drawing: Markup, width: int, height: int) -> Markup:
    title = element('span', panel['title'], class_='title') if panel['title'] else Markup('')
    return element('span', title + element('svg', drawing, viewBox=f'0 0 {width} {height}'),
                   class_='panel', style=f'--side:{max(width, height)}px')


def _drawing(panel: Mapping, picture: Mapping, album: Album) -> tuple[Markup, int, int]:
    """A picture with its boxes, and its width and height."""
    path = str(panel.get('path', picture['path']))
    found = album.picture(path)
    if found:
        image, width, height = element('use', href=f'#{found.id}'), found.width, found.height
    else:
        width, height = picture['width'], picture['height']
        reason = 'no picture' if Path(path).exists() else 'file not found'
        image = placeholder(width, height, reason)
    return image + _boxes(panel['boxes'], width, height), width, height


def _boxes(boxes: Sequence[Mapping], width: int, height: int) -> Markup:
    shadow = ''.join(_outline(box['box']) for box in boxes)
    return element('path', d=shadow, class_='shadow') + element(
        'g', join(_box(box, width, height) for box in boxes),
        class_='many' if len(boxes) > _FEW else None)


def _box(box: Mapping, width: int, height: int) -> Markup:
    x0, y0, x1, _ = box['box']
    label = Markup('')
    if box['label']:
        on_the_right = x0 > 0.7 * width
        label = text(box['label'], float(min(x1, width) if on_the_right else max(x0, 0)),
                     float(max(y0, 0)), class_='end' if on_the_right else None,
                     dy='1.05em' if y0 < 0.06 * height else '-0.35em')
    outline = element('path', element('title', f'{KINDS[box["kind"]]}: {box["label"]}'),
                      d=_outline(box['box']))
    return element('g', outline + label, class_=f'box-{box["kind"]}')


def _outline(box: Sequence[float]) -> str:
    x0, y0, x1, y1 = map(float, box)
    return rectangle(x0, y0, x1 - x0, y1 - y0)
