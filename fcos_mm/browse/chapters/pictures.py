"""The pictures, each with its panels and its numbers."""
from collections.abc import Mapping, Sequence
from typing import Any

from fcos_mm.analysis.figures.style import count
from fcos_mm.pages.chapter import Chapter


def pictures(shown: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, str]] = ()
             ) -> Chapter:
    """Show the panels of each picture.

    Args:
        shown: The numbers of the pictures.
        files: For each of them, the files of its panels by their titles. The page needs them;
            without them there are the numbers alone, for JSON.
    """
    cards = [dict(path='', width=each['padded'][0], height=each['padded'][1],
                  caption=caption(each),
                  panels=[dict(title=title, path=path, boxes=[]) for title, path in panels.items()])
             for each, panels in zip(shown, files)]
    return Chapter('pictures', 'Pictures', dict(pictures=list(shown), cards=cards),
                   'browse/pictures.html')


def caption(each: Mapping[str, Any]) -> str:
    """The numbers of a picture in words."""
    parts = [f'{each["name"]}, {each["width"]} × {each["height"]}: '
             f'{count(each["boxes"], "box", "boxes")}']
    if 'levels' in each:
        levels = ', '.join(f'{name} {number:,}' for name, number in each['levels'].items())
        parts += [f'{count(each["positives"], "positive location")} ({levels})',
                  f'{each["ambiguous"]:,} ambiguous ({each["ambiguous_share"]:.1f} %)']
        parts += [f'missed: {box["name"]} ({box["reason"]})' for box in each['missed']]
    return '; '.join(parts)
