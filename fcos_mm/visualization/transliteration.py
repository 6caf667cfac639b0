"""Latin letters for characters that no font has."""
import re
import unicodedata
from collections.abc import Callable

try:
    from anyascii import anyascii
except ImportError:
    anyascii: Callable[[str], str] | None = None

_LETTER = re.compile(r'\b(?:LETTER|SYLLABLE|CHARACTER|VOWEL SIGN)(?: SMALL| CAPITAL)? (.+)$')


def transliterate(text: str, absent: set[str]) -> str:
    """Write the absent characters of a text in Latin letters.

    By ``anyascii`` where that is installed; else by the names of the
    characters, which give the sound of letters and syllables, the name of a
    symbol between colons, and for a Chinese character its number.

    Args:
        text: The text.
        absent: The characters to replace.
    """
    parts = [_latin(char) if char in absent else char for char in text]
    numbers = [bool(re.fullmatch(r'U\+[0-9A-F]+', part)) for part in parts]
    for index in range(1, len(parts)):
        if numbers[index] and numbers[index - 1]:
            parts[index] = ' ' + parts[index]
    return ''.join(parts)


def _latin(char: str) -> str:
    plain = unicodedata.normalize('NFKD', char)
    if plain.isascii():
        return plain
    known = anyascii(char) if anyascii is not None else ''
    if known:
        return known
    name = unicodedata.name(char, '')
    if not name or name.startswith('CJK '):
        return f'U+{ord(char):04X}'
    letter = _LETTER.search(name)
    if letter:
        return letter.group(1).lower().replace(' ', '')
    if unicodedata.category(char).startswith('M'):
        return ''  # a mark that has no sound of its own
    return f":{name.lower().replace(' ', '_')}:"
