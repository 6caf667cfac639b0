"""Arabic and Hebrew for a renderer that draws one character after another from the left."""
import functools
import re

from fcos_mm.compat.matplotlib_text import SHAPES_TEXT

_LETTERS = '\u0590-\u065f\u066e-\u06ef\u06fa-\u08ff\u200c\u200d\ufb1d-\ufdff\ufe70-\ufefc'
_WORDS = re.compile(rf'[{_LETTERS}]+(?:\s+[{_LETTERS}]+)*')
_MARKS = '\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670' \
         '\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\ufb1e'
_CLUSTERS = re.compile(rf'[^{_MARKS}]?[{_MARKS}]+|.', re.DOTALL)  # a letter and its marks


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
