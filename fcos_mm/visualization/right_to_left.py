"""Arabic and Hebrew for a renderer that draws characters one after the other from the left.

Matplotlib neither joins Arabic letters nor knows that they run from right to
left. Unicode has every joined form as a character of its own (presentation
forms), which says of which letter and in which place it is.
"""
import functools
import re
import unicodedata

_PRESENTATION_FORMS = (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD))
_LAM = '\u0644'
_TATWEEL = '\u0640'


def visual_order(text: str) -> str:
    """Join the letters of right-to-left words and put them in the order in which they are drawn.

    Words that follow each other are one run, drawn from the right; what is
    written from left to right stays where it is.

    Args:
        text: The text in the order in which it is read.
    """
    if not any(_from_right(char) for char in text):
        return text
    kinds = ''.join('R' if _from_right(char) else 'N' if unicodedata.combining(char)
                    else '_' if char.isspace() else 'L' for char in text)
    parts, end = [], 0
    for run in re.finditer(r'R[RN]*(?:_+R[RN]*)*', kinds):
        parts += [text[end:run.start()], *reversed(_clusters(_joined(text[run.start():run.end()])))]
        end = run.end()
    return ''.join([*parts, text[end:]])


def _from_right(char: str) -> bool:
    return unicodedata.bidirectional(char) in ('R', 'AL')


def _clusters(text: str) -> list[str]:
    """Letters with the marks that belong to them."""
    found: list[str] = []
    for char in text:
        if found and unicodedata.combining(char):
            found[-1] += char
        else:
            found.append(char)
    return found


@functools.lru_cache(maxsize=None)
def _forms() -> dict[str, dict[str, str]]:
    """For a letter, or lam with alef, its forms by place: isolated, initial, medial, final."""
    forms: dict[str, dict[str, str]] = {}
    for code in _PRESENTATION_FORMS:
        place, *codes = unicodedata.decomposition(chr(code)).split() or ['']
        letters = ''.join(chr(int(letter, 16)) for letter in codes)
        if place.startswith('<') and (len(letters) == 1 or letters[:1] == _LAM):
            forms.setdefault(letters, {})[place.strip('<>')] = chr(code)
    return forms


def _joined(text: str) -> str:
    """Replace Arabic letters by the form that their neighbours ask for."""
    forms, letters = _forms(), []
    for cluster in _clusters(text):
        pair = letters[-1] + cluster if letters else ''
        if len(pair) == 2 and pair in forms and '\u0622' <= cluster <= '\u0627':
            letters[-1] = pair  # lam and alef are always one sign
        else:
            letters.append(cluster)
    return ''.join(_form(letters, index) for index in range(len(letters)))


def _form(letters: list[str], index: int) -> str:
    letter, marks = _split(letters[index])
    before = index > 0 and _joins(letters[index - 1], 'initial')
    after = index + 1 < len(letters) and _joins(letters[index + 1], 'final')
    joins_before = before and _joins(letter, 'final')
    joins_after = after and _joins(letter, 'initial')
    place = ('medial' if joins_before and joins_after else 'final' if joins_before
             else 'initial' if joins_after else 'isolated')
    return _forms().get(letter, {}).get(place, letter) + marks


def _joins(letter: str, place: str) -> bool:
    """Whether a letter joins the one after it ('initial') or the one before it ('final')."""
    letter, _ = _split(letter)
    return letter == _TATWEEL or place in _forms().get(letter, {})


def _split(cluster: str) -> tuple:
    """The letter, or lam with alef, and its marks."""
    end = next((index for index, char in enumerate(cluster) if unicodedata.combining(char)),
               len(cluster))
    return cluster[:end], cluster[end:]
