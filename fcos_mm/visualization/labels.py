"""Make class names in any script drawable by matplotlib."""
import functools
import logging
import re
import unicodedata
from collections.abc import Sequence

from anyascii import anyascii
from mmengine.logging import print_log

from fcos_mm.compat.matplotlib_text import SHAPES_TEXT
from fcos_mm.visualization.fonts import Fonts

# variation selectors and skin tones
_MODIFIERS = re.compile('[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]')
_REPLACED = {'Cc': ' ', 'Cf': '', 'Cs': '?'}  # characters without a shape, by category
_EAST_ASIAN = ('CJK', 'HANGUL', 'HIRAGANA', 'KATAKANA', 'BOPOMOFO', 'IDEOGRAPHIC', 'FULLWIDTH')
_FONTS = {
    'east asian': ('Noto Sans CJK', 'fonts-noto-cjk'),
    'symbol': ('Symbola', 'fonts-symbola'),
    'other': ('Noto Sans', 'fonts-noto-core'),
}
_SHOWN = 3
# Arabic and Hebrew: letters, words in a row, marks, and a letter with its marks
_LETTERS = '\u0590-\u065f\u066e-\u06ef\u06fa-\u08ff\u200c\u200d\ufb1d-\ufdff\ufe70-\ufefc'
_WORDS = re.compile(rf'[{_LETTERS}]+(?:\s+[{_LETTERS}]+)*')
_MARKS = '\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670' \
         '\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\ufb1e'
_CLUSTERS = re.compile(rf'[^{_MARKS}]?[{_MARKS}]+|.', re.DOTALL)
_reported: set[str] = set()  # kinds of characters for which a font was recommended


def drawable(texts: Sequence[str]) -> list[str]:
    r"""Make class names, possibly with scores, drawable by the :func:`font_families`.

    Arabic letters are joined and run from right to left; characters that no font has are
    transliterated, and the log recommends a font once; ``$`` becomes ``\$``, not a formula.
    """
    ordered = [_clean(visual_order(text)) for text in texts]
    absent = _fonts().cover(''.join(ordered))
    drawn = [''.join(_latin(char) if char in absent else char for char in text)
             for text in ordered]
    if absent:
        _recommend({old: new for old, new in zip(texts, drawn) if absent & set(old)}, absent)
    return [text.replace('$', r'\$') for text in drawn]


def font_families() -> list[str]:
    """The families for matplotlib's ``family`` that can draw what :func:`drawable` returned."""
    return list(_fonts().families)


@functools.cache
def _fonts() -> Fonts:
    return Fonts()


def _clean(text: str) -> str:
    text = _MODIFIERS.sub('', text)
    return ''.join(_REPLACED.get(unicodedata.category(char), char) for char in text)


def _latin(char: str) -> str:
    """A character in Latin letters; its code point where it has no sound."""
    plain = unicodedata.normalize('NFKD', char)
    if plain.isascii():
        return plain
    is_mark = unicodedata.category(char).startswith('M')
    return anyascii(char) or ('' if is_mark else f'U+{ord(char):04X}')


def _recommend(replaced: dict[str, str], absent: set[str]) -> None:
    """Recommend a font, once for every kind of characters."""
    kinds = {_kind(char) for char in absent} - _reported
    if not kinds or not replaced:
        return
    _reported.update(kinds)
    examples = ', '.join(f'{old} as {new}' for old, new in list(replaced.items())[:_SHOWN])
    families, packages = zip(*(_FONTS[kind] for kind in sorted(kinds)))
    print_log(
        f'No font on this machine has the characters of some names; drawn instead: {examples}.\n'
        f'Install {", ".join(families)} or another font that has them (Debian, Ubuntu: apt-get '
        f'install {" ".join(packages)}).', logger='current', level=logging.WARNING)


def _kind(char: str) -> str:
    if unicodedata.name(char, '').startswith(_EAST_ASIAN):
        return 'east asian'
    return 'symbol' if unicodedata.category(char).startswith('S') else 'other'


def visual_order(text: str) -> str:
    """Join the letters of right-to-left words and put them into the order in which they are drawn.

    Consecutive words form one run; what is written from left to right stays where it is.
    A matplotlib that shapes text itself gets the text as it is.
    """
    return text if SHAPES_TEXT else _WORDS.sub(_drawn, text)


def _drawn(words: re.Match) -> str:
    return ''.join(reversed(_CLUSTERS.findall(_reshaper().reshape(words.group()))))


@functools.cache
def _reshaper():
    from arabic_reshaper import ArabicReshaper  # only where there is such a name
    return ArabicReshaper({'delete_harakat': False, 'delete_tatweel': False,
                           'support_zwj': True, 'ARABIC LIGATURE ALLAH': False})
