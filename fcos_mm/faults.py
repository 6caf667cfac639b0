"""Several faults in one error, so that they can be fixed together."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fcos_mm.errors import UserError

#: Number of examples of a fault that a message shows.
EXAMPLES = 5
_ONE_OF = {'boxes': 'box', 'images': 'image', 'annotations': 'annotation', 'entries': 'entry',
           'sizes': 'size'}


class Note(str):
    """A finding that deserves a warning, not an error.

    Attributes:
        check: Name of the function that found it.
    """

    check = ''


class SeveralFaults(UserError):
    """One or more faults.

    Args:
        subject: What has them, e.g. ``'the data'``.
        messages: A message for each; duplicates are dropped.
    """

    def __init__(self, subject: str, messages: Sequence[str]) -> None:
        self.messages = list(dict.fromkeys(messages))
        text = self.messages[0]
        if len(self.messages) > 1:
            numbered = (f'({number}) {message}'
                        for number, message in enumerate(self.messages, start=1))
            text = '\n\n'.join([f'{subject} has {len(self.messages)} faults.', *numbered])
        super().__init__(text)


class Faults:
    """Gathers the errors of checks that do not depend on each other.

    Args:
        subject: What is checked, for the message.
    """

    def __init__(self, subject: str = 'the data') -> None:
        self.subject = subject
        self.messages: list[str] = []

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note a ``UserError`` raised in the block instead of stopping at it."""
        try:
            yield
        except UserError as error:
            self.messages += getattr(error, 'messages', [str(error)])

    def raise_all(self) -> None:
        """Raise what was gathered.

        Raises:
            SeveralFaults: If there is anything.
        """
        if self.messages:
            raise SeveralFaults(self.subject, self.messages)


def first_few(items: Sequence[str], most: int = EXAMPLES, separator: str = ', ') -> str:
    r"""Join the first items and count the rest.

    Args:
        items: The items.
        most: Number of items to show.
        separator: Between two items; the count of the rest follows it if it breaks the line.

    Returns:
        ``'a, b and 3 more'``, or with ``'\n'`` each item and the count on its own line.
    """
    shown, hidden = separator.join(items[:most]), len(items) - most
    joint = separator if '\n' in separator else ' '
    return f'{shown}{joint}and {hidden} more' if hidden > 0 else shown


def counted(number: int, noun: str, several: str | None = None) -> str:
    """A number and what it counts: ``'1 image'``, ``'2,000 images'``; the plural has an s."""
    return f'{number:,} {noun if number == 1 else several or noun + "s"}'


def counted_kind(number: int, kind: str) -> str:
    """A number and a kind of fault, which begins with a plural: ``'1 box skipped: no area'``."""
    several, _, rest = kind.partition(' ')
    return f'{counted(number, _ONE_OF.get(several, several), several)} {rest}'
