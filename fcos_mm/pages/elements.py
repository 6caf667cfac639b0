"""Elements of HTML and SVG as text."""
from collections.abc import Iterable

from markupsafe import Markup, escape


def element(tag: str, content: object = '', **attributes: object) -> Markup:
    """An element; text is escaped, ``Markup`` is not.

    Args:
        tag: Its name.
        content: Text or elements.
        attributes: By name, with ``_`` for ``-`` and at the end of Python's keywords. None leaves
            one out.
    """
    words = ''.join(f' {name.rstrip("_").replace("_", "-")}="{escape(short(value))}"'
                    for name, value in attributes.items() if value is not None)
    return Markup(f'<{tag}{words}>{escape(content)}</{tag}>')


def join(parts: Iterable[Markup]) -> Markup:
    """Elements after each other."""
    return Markup('').join(parts)


def short(value: object) -> object:
    """A coordinate with one decimal at most; other values as they are."""
    if not isinstance(value, float):
        return value
    short = f'{value:.1f}'.removesuffix('.0')
    return '0' if short == '-0' else short
