"""Several faults of the data or of a config in one error, so that they can be mended together."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fcos_mm.errors import UserError

#: As many cases of a fault are shown.
EXAMPLES = 5


class SeveralFaults(UserError):
    """One fault or several.

    Args:
        subject: What has them, e.g. ``'the data'``.
        messages: A message for each of them.
    """

    def __init__(self, subject: str, messages: Sequence[str]) -> None:
        self.messages = list(dict.fromkeys(messages))
        super().__init__(_listed(subject, self.messages))


class Faults:
    """Gathers the errors of checks of which none needs another to have passed.

    Args:
        subject: What is checked, for the message.
    """

    def __init__(self, subject: str = 'the data') -> None:
        self.subject = subject
        self.messages: list[str] = []

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Note an error of the checks in the block instead of stopping at it."""
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


def _listed(subject: str, messages: Sequence[str]) -> str:
    if len(messages) == 1:
        return messages[0]
    numbered = (f'({number}) {message}' for number, message in enumerate(messages, start=1))
    return '\n\n'.join([f'{subject} has {len(messages)} faults.', *numbered])
