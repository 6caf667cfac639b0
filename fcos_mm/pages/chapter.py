"""A chapter of a page: its numbers, and the template that shows them."""
from typing import Any, NamedTuple


class Chapter(NamedTuple):
    """A chapter of a page.

    Attributes:
        key: Its name in the JSON file and its anchor in the page: lower case and underscores.
        title: Its heading.
        numbers: What it shows, as JSON can hold it. The template reads nothing else, so that
            page and JSON agree. Unknown numbers are None, never NaN.
        template: Package and file of its template, ``'report/curves.html'``.
    """

    key: str
    title: str
    numbers: dict[str, Any]
    template: str
