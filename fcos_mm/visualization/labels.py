"""Names of classes in any script, as matplotlib can draw them."""
import functools
import logging
import re
import unicodedata
from collections.abc import Sequence

from mmengine.logging import print_log

from fcos_mm.visualization.fonts import Fonts
from fcos_mm.visualization.right_to_left import visual_order
from fcos_mm.visualization.transliteration import transliterate

# Selectors between variants of a character, and the tones of skin
_MODIFIERS = re.compile('[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]')
_EAST_ASIAN = ('CJK', 'HANGUL', 'HIRAGANA', 'KATAKANA', 'BOPOMOFO', 'IDEOGRAPHIC', 'FULLWIDTH')
_FONTS = {
    'east asian': ('Noto Sans CJK', 'fonts-noto-cjk'),
    'symbol': ('Symbola', 'fonts-symbola'),
    'other': ('Noto Sans', 'fonts-noto-core'),
}
_SHOWN = 3
_told: set[str] = set()  # kinds of characters that a font was asked for


def drawable(texts: Sequence[str]) -> list[str]:
    """Make texts that can be drawn with :func:`font_families` and are read as they were meant.

    Arabic letters are joined and run from right to left; characters that no
    font of this machine has are transliterated, and the log says once which
    font to install; a ``$`` is a dollar and no formula.

    Args:
        texts: Names of classes, with or without more.
    """
    ordered = [_clean(visual_order(text)) for text in texts]
    absent = _fonts().cover(''.join(ordered))
    drawn = [transliterate(text, absent) if absent & set(text) else text for text in ordered]
    if absent:
        _tell({old: new for old, new in zip(texts, drawn) if absent & set(old)}, absent)
    return [text.replace('$', r'\$') for text in drawn]


def font_families() -> list[str]:
    """The families for matplotlib's ``family`` that have what :func:`drawable` returned."""
    return list(_fonts().families)


def label_width(text: str) -> float:
    """The width of a text in widths of a Latin letter, about.

    Args:
        text: What will be drawn.
    """
    return sum(1.6 if unicodedata.east_asian_width(char) in 'WF' else 1. for char in text)


@functools.lru_cache(maxsize=None)
def _fonts() -> Fonts:
    return Fonts()


def _clean(text: str) -> str:
    """Leave out what has no shape of its own; control characters become spaces."""
    text = _MODIFIERS.sub('', text)
    kept = {'Cc': ' ', 'Cf': '', 'Cs': '?'}
    return ''.join(kept.get(unicodedata.category(char), char) for char in text)


def _tell(replaced: dict[str, str], absent: set[str]) -> None:
    """Say once for every kind of characters which font to install."""
    kinds = {_kind(char) for char in absent} - _told
    if not kinds or not replaced:
        return
    _told.update(kinds)
    examples = ', '.join(f'{old} as {new}' for old, new in list(replaced.items())[:_SHOWN])
    families, packages = zip(*(_FONTS[kind] for kind in sorted(kinds)))
    print_log(
        f'No font on this machine has the characters of some names: drawn are {examples}.\n'
        f'Install {", ".join(families)} or another font that has them (Debian, Ubuntu: apt-get '
        f'install {" ".join(packages)}).', logger='current', level=logging.WARNING)


def _kind(char: str) -> str:
    if unicodedata.name(char, '').startswith(_EAST_ASIAN):
        return 'east asian'
    return 'symbol' if unicodedata.category(char).startswith('S') else 'other'
